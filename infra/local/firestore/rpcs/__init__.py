"""The methods of `google.firestore.v1.Firestore`, each as production answers it."""
