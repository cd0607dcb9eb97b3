"""The RPCs of `google.firestore.v1.Firestore`, with the behavior of production."""
