#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fleetform_fuzz::wire(bytes));
