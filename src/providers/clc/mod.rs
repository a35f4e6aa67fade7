//! `CenturyLink` Cloud servers: a tree of groups, a queue of operations, bearer tokens.

pub mod simulator;
