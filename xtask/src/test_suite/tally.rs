//! How many tests ended how, as the test runners of several languages tell it.

/// Whose words tests are told in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// `test result: ok. 3 passed; 0 failed; 1 ignored; …`
    Cargo,
    /// `=== 3 passed, 1 skipped in 0.1s ===`
    Pytest,
    /// `# pass 3`, `# fail 0` and `# skipped 1`, or with `ℹ` before.
    Node,
    /// `--- PASS: TestIt (0.00s)`
    Go,
    /// `3 tests passed`
    C,
    /// Nothing is counted: what fails, fails as a whole.
    Silent,
}

impl Dialect {
    /// What a line says of how many tests ended how, if it does.
    pub fn read(self, line: &str) -> Option<Tally> {
        let line = line.trim();
        match self {
            Self::Cargo => cargo(line),
            Self::Pytest => pytest(line),
            Self::Node => node(line),
            Self::Go => go(line),
            Self::C => c(line),
            Self::Silent => None,
        }
    }
}

/// The closing line of one test binary.
fn cargo(line: &str) -> Option<Tally> {
    let counts = line.strip_prefix("test result: ")?;
    let count = |word: &str| {
        counts
            .split([';', '.'])
            .find_map(|part| part.trim().strip_suffix(word)?.trim().parse().ok())
    };
    Some(Tally {
        passed: count("passed")?,
        failed: count("failed")?,
        skipped: count("ignored")?,
    })
}

/// The closing line, without `=` around it where it is quiet. What is expected to fail and does counts
/// as passed, as pytest sees it.
fn pytest(line: &str) -> Option<Tally> {
    let line = line.trim_matches('=').trim();
    let (counts, time) = line.rsplit_once(" in ")?;
    if !time.contains('s') || !time.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let mut tally = Tally::default();
    for part in counts.split(", ") {
        let (count, word) = part.split_once(' ')?;
        let count: u64 = count.parse().ok()?;
        match word {
            "passed" | "xfailed" => tally.passed += count,
            "failed" | "error" | "errors" | "xpassed" => tally.failed += count,
            "skipped" => tally.skipped += count,
            _ => {}
        }
    }
    Some(tally)
}

/// One of the closing lines.
fn node(line: &str) -> Option<Tally> {
    let line = line
        .strip_prefix("# ")
        .or_else(|| line.strip_prefix("ℹ "))?;
    let (word, count) = line.split_once(' ')?;
    let count = count.parse().ok()?;
    match word {
        "pass" => Some(Tally::passed(count)),
        "fail" | "cancelled" => Some(Tally::failed(count)),
        "skipped" | "todo" => Some(Tally::skipped(count)),
        _ => None,
    }
}

/// The line of one test, as `go test -v` prints it.
fn go(line: &str) -> Option<Tally> {
    match line.strip_prefix("--- ")?.split_once(':')?.0 {
        "PASS" => Some(Tally::passed(1)),
        "FAIL" => Some(Tally::failed(1)),
        "SKIP" => Some(Tally::skipped(1)),
        _ => None,
    }
}

/// The closing line of one program.
fn c(line: &str) -> Option<Tally> {
    let count = line.strip_suffix(" tests passed")?;
    Some(Tally::passed(count.parse().ok()?))
}

/// How many tests ended how.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    passed: u64,
    failed: u64,
    skipped: u64,
}

impl Tally {
    /// Something failed that no test tells of.
    pub const FAILURE: Self = Self {
        passed: 0,
        failed: 1,
        skipped: 0,
    };

    /// Whether anything failed.
    pub fn is_failure(&self) -> bool {
        self.failed > 0
    }

    /// Counts the others in.
    pub fn add(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }

    fn passed(passed: u64) -> Self {
        Self {
            passed,
            ..Self::default()
        }
    }

    fn failed(failed: u64) -> Self {
        Self {
            failed,
            ..Self::default()
        }
    }

    fn skipped(skipped: u64) -> Self {
        Self {
            skipped,
            ..Self::default()
        }
    }
}

impl std::fmt::Display for Tally {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            passed,
            failed,
            skipped,
        } = self;
        write!(f, "{passed} passed, {failed} failed, {skipped} skipped")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally(passed: u64, failed: u64, skipped: u64) -> Option<Tally> {
        Some(Tally {
            passed,
            failed,
            skipped,
        })
    }

    #[test]
    fn a_closing_line_is_counted_and_no_other() {
        let closing = "test result: FAILED. 12 passed; 1 failed; 3 ignored; 0 measured; \
                       7 filtered out; finished in 0.40s";

        assert_eq!(Dialect::Cargo.read(closing), tally(12, 1, 3));
        assert_eq!(Dialect::Cargo.read("test tests::a_line ... ok"), None);
    }

    #[test]
    fn the_closing_lines_of_other_languages_are_counted() {
        for (dialect, line, counted) in [
            (
                Dialect::Pytest,
                "==== 12 passed, 1 skipped in 3.21s ====",
                tally(12, 0, 1),
            ),
            (
                Dialect::Pytest,
                "1 failed, 2 passed, 1 warning, 1 error in 0.10s (0:00:01)",
                tally(2, 2, 0),
            ),
            (Dialect::Pytest, "tests/test_host.py ..... in 7", None),
            (Dialect::Node, "# pass 7", tally(7, 0, 0)),
            (Dialect::Node, "ℹ fail 2", tally(0, 2, 0)),
            (Dialect::Node, "# skipped 1", tally(0, 0, 1)),
            (Dialect::Node, "# tests 7", None),
            (
                Dialect::Go,
                "    --- PASS: TestIt/part (0.00s)",
                tally(1, 0, 0),
            ),
            (Dialect::Go, "--- FAIL: TestIt (0.00s)", tally(0, 1, 0)),
            (Dialect::Go, "ok  \twindlass.dev/guest\t0.1s", None),
            (Dialect::C, "7 tests passed", tally(7, 0, 0)),
            (Dialect::C, "tests passed", None),
            (Dialect::Silent, "# pass 7", None),
        ] {
            assert_eq!(dialect.read(line), counted, "{line}");
        }
    }

    #[test]
    fn the_summary_names_all_three() {
        let tally = tally(4, 0, 1).unwrap_or_default();

        assert_eq!(tally.to_string(), "4 passed, 0 failed, 1 skipped");
    }
}
