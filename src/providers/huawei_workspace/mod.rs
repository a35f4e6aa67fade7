//! Huawei Cloud Workspace application servers: tokens or signatures, batches, an asynchronous delete.

pub mod simulator;
