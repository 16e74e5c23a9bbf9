"""The subject under measurement: a recurrent language model and the algorithms that form its gradients."""
