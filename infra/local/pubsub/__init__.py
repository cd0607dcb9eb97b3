"""An embedded Pub/Sub: a gRPC server of google.pubsub.v1 for development and tests, in one small process.

Read it in this order: `backlog.py` (the messages of a subscription), `broker.py` (topics and subscriptions),
`publisher.py` and `subscriber.py` (their RPCs), `server.py` (the process).
"""
