//! (mt) Media Temple services: the customer API v1, which lists and reboots and does nothing else.

pub mod simulator;
