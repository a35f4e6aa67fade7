# What CI runs, by name. Every recipe is one line that can be typed without just.

# Everything that CI checks
default: check

check:
    ./.ci/run

test:
    cargo test --locked

# The long runs: properties, crash points, fuzzing
test-long:
    FLEETFORM_LONG=1 cargo test --release --locked --test properties --test proof --test fuzz

# The table of faults and what came of them; all points with FLEETFORM_LONG=1
proof:
    cargo test --locked --test proof -- --nocapture

# Renew golden files, snapshots and schemas; then read the diff
bless:
    BLESS=1 INSTA_UPDATE=always cargo test --locked

fmt:
    cargo fmt --all

lint:
    cargo clippy --all-targets --locked -- -D warnings

deny:
    cargo deny check

doc:
    cargo doc --no-deps --locked

# Planner, fleet file, and the whole program beside a bare reading of the same input
bench:
    cargo bench --locked

demo:
    cargo run --locked --quiet -- apply --file examples/quickstart --simulate --auto-approve
