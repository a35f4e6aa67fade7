//! `OpenStack` servers: Nova v2.1 with Keystone v3.

pub mod simulator;
