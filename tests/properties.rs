//! placeholder
use insta as _;
use proptest as _;
