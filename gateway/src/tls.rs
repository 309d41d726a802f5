//! Certificates and keys for both directions of STARTTLS and for the viewer.
