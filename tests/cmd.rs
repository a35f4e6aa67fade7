//! Console transcripts: the built program, its output to the letter. `TRYCMD=overwrite` renews them.

#[test]
fn what_people_see_is_what_is_written_down() {
    trycmd::TestCases::new().case("tests/cmd/*.trycmd");
}
