// Google's Pub/Sub client for Node.js against the emulator of PUBSUB_EMULATOR_HOST.
"use strict";

const assert = require("node:assert/strict");
const { after, test } = require("node:test");
const { PubSub } = require("@google-cloud/pubsub");

const pubsub = new PubSub({ projectId: process.env.PROJECT });
after(() => pubsub.close());

// Collects messages from a streaming pull until there are enough.
function receive(subscription, amount, handle = (message) => message.ack()) {
  return new Promise((resolve, reject) => {
    const received = [];
    subscription.on("error", reject);
    subscription.on("message", (message) => {
      handle(message, received);
      received.push(message);
      if (received.length === amount) {
        resolve(subscription.close().then(() => received));
      }
    });
  });
}

test("what is published comes out of a streaming pull", async () => {
  const [topic] = await pubsub.createTopic("news");
  const [subscription] = await topic.createSubscription("readers", { filter: 'attributes.kind = "wanted"' });
  const wanted = { data: Buffer.from("hello"), attributes: { kind: "wanted" } };
  await topic.publishMessage({ data: Buffer.from("no"), attributes: { kind: "unwanted" } });
  const id = await topic.publishMessage(wanted);
  const [message] = await receive(subscription, 1);
  assert.equal(message.id, id);
  assert.equal(message.data.toString(), "hello");
  assert.deepEqual({ ...message.attributes }, { kind: "wanted" });
});

test("messages of an ordering key come in order, and again in order after a nack", async () => {
  const [topic] = await pubsub.createTopic("ordered");
  const [subscription] = await topic.createSubscription("in-order", { enableMessageOrdering: true });
  const ordered = pubsub.topic("ordered", { messageOrdering: true });
  for (let n = 0; n < 20; n++) {
    ordered.publishMessage({ data: Buffer.from(`${n}`), orderingKey: n % 2 ? "odd" : "even" });
  }
  await ordered.flush();
  let isFirst = true;
  const nackTheFirst = (message) => {
    isFirst ? message.nack() : message.ack();
    isFirst = false;
  };
  const received = await receive(subscription, 21, nackTheFirst);
  for (const key of ["even", "odd"]) {
    const numbers = received.filter((one) => one.orderingKey === key).map((one) => Number(one.data));
    const last = numbers.slice(-10);
    assert.deepEqual(last, [...last].sort((one, other) => one - other));
    assert.equal(new Set(last).size, 10);
  }
});

test("topics and subscriptions are administered", async () => {
  const [topic] = await pubsub.createTopic("administered");
  await topic.setMetadata({ labels: { team: "a" } });
  assert.deepEqual({ ...(await topic.getMetadata())[0].labels }, { team: "a" });
  const [subscription] = await topic.createSubscription("administered", { ackDeadlineSeconds: 20 });
  assert.equal((await subscription.getMetadata())[0].ackDeadlineSeconds, 20);
  const [subscriptions] = await topic.getSubscriptions();
  assert.deepEqual(subscriptions.map((found) => found.name), [subscription.name]);
  await subscription.delete();
  await topic.delete();
  await assert.rejects(topic.getMetadata(), { code: 5 }); // NOT_FOUND
});
