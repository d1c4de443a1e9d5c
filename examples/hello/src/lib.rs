//! The first component: five small tasks.
//!
//! `windlass demo` runs these, and the benchmarks do. Text is joined instead of formatted, which
//! keeps the component small.

/// Small tasks to try a host with.
#[windlass_guest::tasks(package = "demo:hello@0.1.0", interface = "tasks")]
pub mod tasks {
    /// How many numbers a unit of work looks at.
    const NUMBERS_PER_UNIT: u32 = 10_000;

    /// Greets somebody by name.
    pub fn greet(name: String) -> String {
        ["Hello, ", &name, "!"].concat()
    }

    /// Adds two numbers, or says that the sum is too large.
    pub fn add(a: i64, b: i64) -> Result<i64, String> {
        a.checked_add(b)
            .ok_or_else(|| "the sum does not fit into 64 bits".to_owned())
    }

    /// Fails with the message that it is given.
    pub fn fail(message: String) -> Result<String, String> {
        Err(message)
    }

    /// Keeps a processor busy: counts the primes below ten thousand times `units`.
    pub fn work(units: u32) -> u64 {
        let end = u64::from(units) * u64::from(NUMBERS_PER_UNIT);
        (0..end).filter(|&number| is_prime(number)).count() as u64
    }

    /// Does nothing, for measuring what a call costs.
    pub fn nothing() {}

    fn is_prime(number: u64) -> bool {
        let mut divisors = (2..).take_while(|divisor| divisor * divisor <= number);
        number >= 2 && divisors.all(|divisor| !number.is_multiple_of(divisor))
    }
}

#[cfg(test)]
mod tests {
    use super::tasks;

    #[test]
    fn a_greeting_has_the_name_in_it() {
        assert_eq!(tasks::greet("Ada".to_owned()), "Hello, Ada!");
    }

    #[test]
    fn a_sum_that_is_too_large_is_an_error() {
        assert_eq!(tasks::add(2, -3), Ok(-1));
        assert!(tasks::add(i64::MAX, 1).is_err());
    }

    #[test]
    fn a_unit_of_work_counts_the_primes_below_ten_thousand() {
        assert_eq!(tasks::work(0), 0);
        assert_eq!(tasks::work(1), 1229);
    }
}
