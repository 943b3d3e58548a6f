"""One file a version. A version that went out is never changed."""
