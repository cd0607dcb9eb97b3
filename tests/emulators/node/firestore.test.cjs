// Google's Firestore client for Node.js against the emulator of FIRESTORE_EMULATOR_HOST.
"use strict";

const assert = require("node:assert/strict");
const { after, test } = require("node:test");
const { AggregateField, FieldValue, Filter, Firestore } = require("@google-cloud/firestore");

const firestore = new Firestore({ projectId: process.env.PROJECT });
after(() => firestore.terminate());

test("a document is created, read, changed and deleted", async () => {
  const document = firestore.doc("cities/BER");
  await document.create({ name: "Berlin", population: 3_500_000, districts: ["Mitte"] });
  await assert.rejects(document.create({ name: "Berlin" }), { code: 6 }); // ALREADY_EXISTS
  await document.update({ population: FieldValue.increment(1), districts: FieldValue.arrayUnion("Wedding") });
  await document.set({ since: FieldValue.serverTimestamp(), place: { country: "DE" } }, { merge: true });
  const found = await document.get();
  assert.equal(found.get("population"), 3_500_001);
  assert.deepEqual(found.get("districts"), ["Mitte", "Wedding"]);
  assert.equal(found.get("place.country"), "DE");
  assert.ok(found.get("since").toMillis() > 0);
  await document.delete({ lastUpdateTime: found.updateTime });
  assert.equal((await document.get()).exists, false);
});

test("transactions that contend lose no increment", async () => {
  const counter = firestore.doc("counters/one");
  await counter.set({ n: 0 });
  const add = () =>
    firestore.runTransaction(
      async (transaction) => {
        const found = await transaction.get(counter);
        transaction.update(counter, { n: found.get("n") + 1 });
      },
      { maxAttempts: 50 },
    );
  await Promise.all(Array.from({ length: 10 }, add));
  assert.equal((await counter.get()).get("n"), 10);
});

test("a read-only transaction sees one moment", async () => {
  const pair = [firestore.doc("pairs/left"), firestore.doc("pairs/right")];
  const write = (n) => {
    const batch = firestore.batch();
    pair.forEach((document) => batch.set(document, { n }));
    return batch.commit();
  };
  await write(1);
  await firestore.runTransaction(
    async (transaction) => {
      const left = await transaction.get(pair[0]);
      await write(2);
      const right = await transaction.get(pair[1]);
      assert.deepEqual([left.get("n"), right.get("n")], [1, 1]);
    },
    { readOnly: true },
  );
});

test("queries filter, order, page and aggregate", async () => {
  const numbers = firestore.collection("numbers");
  const batch = firestore.batch();
  for (let n = 0; n < 10; n++) {
    batch.set(numbers.doc(`number-${n}`), { n, parity: n % 2 ? "odd" : "even", digits: [n, 100 + n] });
  }
  await batch.commit();
  const values = async (query) => (await query.get()).docs.map((found) => found.get("n"));

  assert.deepEqual(await values(numbers.where("n", ">", 6).orderBy("n", "desc")), [9, 8, 7]);
  assert.deepEqual(await values(numbers.where("parity", "==", "odd").orderBy("n").limit(2)), [1, 3]);
  assert.deepEqual(await values(numbers.orderBy("n").limitToLast(2)), [8, 9]);
  assert.deepEqual(await values(numbers.where("digits", "array-contains", 104)), [4]);
  const either = Filter.or(Filter.where("n", "==", 2), Filter.where("n", ">=", 9));
  assert.deepEqual(await values(numbers.where(either).orderBy("n")), [2, 9]);
  const third = await numbers.doc("number-3").get();
  assert.deepEqual(await values(numbers.orderBy("n").startAfter(third).limit(2)), [4, 5]);
  assert.deepEqual(await values(firestore.collectionGroup("numbers").where("n", "in", [1, 3])), [1, 3]);

  const aggregate = numbers.where("n", "<", 4).aggregate({
    count: AggregateField.count(),
    sum: AggregateField.sum("n"),
    average: AggregateField.average("n"),
  });
  assert.deepEqual((await aggregate.get()).data(), { count: 4, sum: 6, average: 1.5 });
});

test("collections and documents are listed", async () => {
  await firestore.doc("shelves/one/books/first").set({});
  const collections = await firestore.doc("shelves/one").listCollections();
  assert.deepEqual(collections.map((collection) => collection.id), ["books"]);
  const documents = await firestore.collection("shelves").listDocuments();
  assert.deepEqual(documents.map((document) => document.id), ["one"]); // the document itself is missing
});

test("a bulk writer writes", async () => {
  const writer = firestore.bulkWriter();
  for (let n = 0; n < 50; n++) {
    writer.create(firestore.doc(`bulk/${n}`), { n });
  }
  await writer.close();
  assert.equal((await firestore.collection("bulk").count().get()).data().count, 50);
});

test("a listener gets an error, because Listen is not implemented", async () => {
  const document = firestore.doc("cities/BER");
  const listened = new Promise((resolve, reject) => document.onSnapshot(resolve, reject));
  await assert.rejects(listened, /Listen is not implemented/);
});
