//! The store's clock in the hands of a case: it stands still until the case moves it.
//!
//! SQLite is given a function that tells the time; on Postgres `windlass.now()`, the one place that
//! reads the clock there, is replaced in the case's own database.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use sqlx::{Connection, Executor, PgConnection};
use tokio::sync::Mutex;
use windlass::model::Moment;

/// Where a clock stands when it is stopped: round, so that no test depends on where it falls in a
/// period.
const STOPPED_AT: Moment = Moment(1_900_000_000_000_000);

const STOP: &str = "
    create table windlass.stopped_clock (at bigint not null);
    insert into windlass.stopped_clock values (0);
    create or replace function windlass.now() returns bigint language sql volatile
    as $$ select at from windlass.stopped_clock $$";

/// What a store on a file reads the time from: 0 means that the clock runs.
#[derive(Clone, Default)]
pub struct Hand(Arc<AtomicI64>);

impl Hand {
    pub fn read(&self) -> Moment {
        match self.0.load(Ordering::SeqCst) {
            0 => Moment::now(),
            at => Moment(at),
        }
    }
}

/// A clock that stands still.
#[derive(Clone)]
pub struct Clock {
    hand: Hand,
    database: Option<Arc<Mutex<PgConnection>>>,
}

impl Clock {
    /// Stops the clock of the store that reads this hand.
    pub async fn of_file(hand: &Hand) -> Self {
        let clock = Self {
            hand: hand.clone(),
            database: None,
        };
        clock.set(STOPPED_AT).await;
        clock
    }

    /// Stops the clock of every store on this database.
    pub async fn of_database(url: &str) -> Self {
        let mut connection = PgConnection::connect(url).await.unwrap();
        connection.execute(STOP).await.unwrap();
        let clock = Self {
            hand: Hand::default(),
            database: Some(Arc::new(Mutex::new(connection))),
        };
        clock.set(STOPPED_AT).await;
        clock
    }

    pub fn now(&self) -> Moment {
        self.hand.read()
    }

    pub async fn set(&self, at: Moment) {
        if let Some(connection) = &self.database {
            let mut connection = connection.lock().await;
            sqlx::query("update windlass.stopped_clock set at = $1")
                .bind(at.0)
                .execute(&mut *connection)
                .await
                .unwrap();
        }
        self.hand.0.store(at.0, Ordering::SeqCst);
    }

    pub async fn forward_ms(&self, ms: u64) {
        self.set(self.now().moved_ms(ms)).await;
    }

    pub async fn forward_us(&self, us: i64) {
        self.set(self.now().moved(us)).await;
    }
}
