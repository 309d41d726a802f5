//! The only station that looks outside the message: documents now, a directory later.
