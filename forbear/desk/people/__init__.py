"""Who works at the desk, in which role, and whose personal data it keeps."""
