//! Front ends: each hands over an `Arrival` and carries the answer back.
