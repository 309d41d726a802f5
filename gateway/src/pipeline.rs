//! The path of a message, station by station.
