//! Calls by SQL: what `windlass.enqueue` and its siblings promise to a role with rights on nothing else.
//!
//! Runs on the server at `WINDLASS_TEST_POSTGRES` (the URL of a superuser), each case in a database of
//! its own; left out without that variable, unless `CI` is true.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]

use std::future::Future;
use std::panic::{AssertUnwindSafe, resume_unwind};
use std::time::Duration;

use bytes::Bytes;
use futures::FutureExt;
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection, Row};
use windlass::model::queue::{Partitions, Settings};
use windlass::model::{ComponentName, Digest, InvocationId, Namespace, QueueId, QueueName, State};
use windlass::store::{Invocation, NewComponent, NewFunction, NewHost, Signal, Store, postgres};

/// A database, a store on it, and a connection of a role that may only call.
struct Bed {
    store: postgres::Postgres,
    namespace: Namespace,
    caller: PgConnection,
}

impl Bed {
    async fn make(url: &str, role: &str) -> Self {
        let options = postgres::Options::default();
        let store = postgres::open(url, &options).await.unwrap();
        let mut caller = PgConnection::connect(url).await.unwrap();
        let grant = format!("select windlass.grant_calls('{role}'); set role {role}");
        caller.execute(AssertSqlSafe(grant)).await.unwrap();
        let mut bed = Self {
            store,
            namespace: Namespace::default_namespace(),
            caller,
        };
        bed.push("images", "1.2.0", &["demo:images/tasks@0.1.0#resize"])
            .await;
        bed
    }

    async fn push(&mut self, name: &str, version: &str, tasks: &[&str]) {
        let bytes = Bytes::from(format!("{name} {version}"));
        let task = |task: &&str| {
            let (interface, name) = match task.rsplit_once('#') {
                Some((interface, name)) => (Some(interface.to_owned()), name),
                None => (None, *task),
            };
            NewFunction {
                interface,
                name: name.to_owned(),
                signature: json!({"params": [], "result": null}),
                docs: None,
                workflow: false,
            }
        };
        let component = NewComponent {
            name: ComponentName::parse(name).unwrap(),
            version: version.parse().unwrap(),
            digest: Digest::of(&bytes),
            bytes,
            wit: String::new(),
            tasks: tasks.iter().map(task).collect(),
            skipped: json!([]),
            bindings: json!([]),
        };
        let added = self.store.add_component(&self.namespace, &component).await;
        added.unwrap();
    }

    async fn enqueue(
        &mut self,
        task: &str,
        args: &Value,
        options: &Value,
    ) -> Result<String, Refused> {
        let row = sqlx::query("select windlass.enqueue('q', $1, $2::text::jsonb, $3::text::jsonb)")
            .bind(task)
            .bind(args.to_string())
            .bind(options.to_string())
            .fetch_one(&mut self.caller)
            .await;
        row.map(|row| row.get(0)).map_err(Refused::of)
    }

    /// Enqueues a call that says this.
    async fn call(&mut self, options: Value) -> Result<String, Refused> {
        self.enqueue("images/resize", &json!([1]), &options).await
    }

    async fn invocation(&self, id: &str) -> Option<Invocation> {
        let id = InvocationId::parse(id).unwrap();
        self.store.invocation(&self.namespace, &id).await.unwrap()
    }

    /// The version of the component to whose task a call of this name goes.
    async fn version(&mut self, task: &str) -> Result<String, Refused> {
        let id = self.enqueue(task, &json!([]), &json!({})).await?;
        let function = self.invocation(&id).await.unwrap().function;
        let function = self.store.function(function).await.unwrap().unwrap();
        let interface = function.interface.unwrap_or_default();
        Ok(format!("{} {interface}", function.version))
    }

    async fn text(&mut self, sql: &'static str) -> Option<String> {
        let row = sqlx::query(sql).fetch_one(&mut self.caller).await;
        row.unwrap().get(0)
    }

    async fn queue(&self, settings: Settings) -> QueueId {
        let name = QueueName::parse("q").unwrap();
        let queue = self.store.put_queue(&self.namespace, &name, &settings);
        queue.await.unwrap().id
    }
}

/// Why a call was refused.
#[derive(Debug)]
struct Refused {
    state: String,
    message: String,
}

impl Refused {
    fn of(error: sqlx::Error) -> Self {
        let sqlx::Error::Database(error) = error else {
            panic!("no refusal: {error}");
        };
        Self {
            state: error.code().unwrap().into_owned(),
            message: error.message().to_owned(),
        }
    }
}

fn on_postgres<F: Future<Output = ()>>(case: impl FnOnce(Bed) -> F) {
    let Ok(server) = std::env::var("WINDLASS_TEST_POSTGRES") else {
        assert!(
            std::env::var("CI").as_deref() != Ok("true"),
            "WINDLASS_TEST_POSTGRES is not set: in CI the Postgres cases must run"
        );
        return;
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build();
    runtime.unwrap().block_on(async {
        let name = format!("sql_{}", uuid::Uuid::now_v7().simple());
        let role = format!("caller_{name}");
        let mut admin = PgConnection::connect(&server).await.unwrap();
        let made = format!("create database {name}");
        admin.execute(AssertSqlSafe(made)).await.unwrap();
        let made = format!("create role {role}");
        admin.execute(AssertSqlSafe(made)).await.unwrap();
        let (base, _) = server.rsplit_once('/').unwrap();
        let url = format!("{base}/{name}");
        let outcome = AssertUnwindSafe(async { case(Bed::make(&url, &role).await).await })
            .catch_unwind()
            .await;
        let dropped = format!("drop database {name} with (force)");
        admin.execute(AssertSqlSafe(dropped)).await.unwrap();
        let dropped = format!("drop role {role}");
        admin.execute(AssertSqlSafe(dropped)).await.unwrap();
        if let Err(panic) = outcome {
            resume_unwind(panic);
        }
    });
}

#[test]
fn a_call_stands_or_falls_with_the_callers_transaction() {
    on_postgres(|mut bed| async move {
        for (end, stands) in [("rollback", false), ("commit", true)] {
            bed.caller.execute("begin").await.unwrap();
            bed.call(json!({"id": "order-1"})).await.unwrap();
            let before = bed.invocation("order-1").await;
            bed.caller.execute(end).await.unwrap();

            assert!(before.is_none(), "before its {end}");
            assert_eq!(bed.invocation("order-1").await.is_some(), stands, "{end}");
        }
        let counts = bed.store.queues(&bed.namespace).await.unwrap()[0].1;
        assert_eq!(counts.queued, 1);
    });
}

#[test]
fn a_role_that_may_call_may_do_nothing_else() {
    on_postgres(|mut bed| async move {
        bed.call(json!({})).await.unwrap();

        let may = "select string_agg(distinct p.proname || '/' || p.pronargs, ' ' order by p.proname || '/' || p.pronargs)
                     from pg_proc p
                    where p.pronamespace = to_regnamespace('windlass') and has_function_privilege(p.oid, 'execute')";
        let may = bed.text(may).await.unwrap();
        assert_eq!(may, "cancel/2 enqueue/4 enqueue_many/4 result/2");
        for sql in [
            "select * from windlass.live",
            "select windlass.enqueue_calls('q', 'images/resize', '{}', '{}')",
            "select windlass.cancel(array[1::bigint], 'no')",
            "select windlass.store_once(1, 1, '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}',
               '{}', '{}', '{}')",
            "select windlass.now()",
            "select windlass.grant_calls('postgres')",
            "create table windlass.mine (n int)",
        ] {
            let refused = bed.caller.execute(sql).await.map_err(Refused::of);
            assert_eq!(refused.unwrap_err().state, "42501", "{sql}");
        }
    });
}

#[test]
fn a_task_is_named_as_over_http() {
    on_postgres(|mut bed| async move {
        let tasks = "demo:images/tasks@0.1.0";
        bed.push("images", "1.10.0", &["demo:images/tasks@0.1.0#resize"])
            .await;
        bed.push(
            "images",
            "2.0.0-rc.1",
            &["demo:images/tasks@0.1.0#resize", "resize"],
        )
        .await;
        bed.push("images", "1.9.0", &["demo:images/tasks@0.1.0#resize"])
            .await;
        bed.push("early", "0.1.0-a", &["go"]).await;

        for (name, meant) in [
            ("images/resize", format!("1.10.0 {tasks}")),
            ("images/tasks#resize", format!("1.10.0 {tasks}")),
            ("images/demo:images/tasks#resize", format!("1.10.0 {tasks}")),
            (
                "images/demo:images/tasks@0.1.0#resize",
                format!("1.10.0 {tasks}"),
            ),
            ("images@1.2.0/resize", format!("1.2.0 {tasks}")),
            (
                "images@2.0.0-rc.1/tasks#resize",
                format!("2.0.0-rc.1 {tasks}"),
            ),
            ("images@2.0.0-rc.1/resize", "2.0.0-rc.1 ".to_owned()),
            ("early@0.1.0-a/go", "0.1.0-a ".to_owned()),
        ] {
            assert_eq!(bed.version(name).await.unwrap(), meant, "{name}");
        }
        for (name, state) in [
            ("early/go", "WL404"),
            ("images/crop", "WL404"),
            ("image/resize", "WL404"),
            ("images@3.0.0/resize", "WL404"),
            ("images@3/resize", "22023"),
            ("images", "22023"),
            ("Images/resize", "22023"),
        ] {
            let refused = bed.version(name).await.unwrap_err();
            assert_eq!(refused.state, state, "{name}");
            assert!(
                refused.message.starts_with("task: "),
                "{name}: {}",
                refused.message
            );
        }
    });
}

#[test]
fn a_name_that_means_several_tasks_is_refused() {
    on_postgres(|mut bed| async move {
        bed.push("twins", "1.0.0", &["demo:a/tasks#go", "demo:b/tasks#go"])
            .await;

        for name in ["twins/go", "twins/tasks#go"] {
            assert_eq!(
                bed.version(name).await.unwrap_err().state,
                "WL300",
                "{name}"
            );
        }
        assert_eq!(
            bed.version("twins/demo:b/tasks#go").await.unwrap(),
            "1.0.0 demo:b/tasks"
        );
    });
}

#[test]
fn what_is_said_is_stored_and_the_rest_comes_from_the_manifest() {
    on_postgres(|mut bed| async move {
        let name = ComponentName::parse("images").unwrap();
        let defaults =
            json!({"tasks#resize": {"priority": 7, "timeout_ms": 5000}, "gone": {"priority": 1}});
        bed.store
            .put_defaults(&bed.namespace, &name, &defaults)
            .await
            .unwrap();

        let plain = bed.call(json!({})).await.unwrap();
        let said = json!({"priority": -3, "start_at": "2100-01-31T09:00:00+01:00", "id": "late"});
        let refused = bed.call(said).await.unwrap_err();
        let said = json!({"priority": -3, "delay_ms": 60_000, "tags": {"who": "me"}, "id": "late"});
        bed.call(said).await.unwrap();

        let plain = bed.invocation(&plain).await.unwrap();
        assert_eq!((plain.priority, plain.timeout_ms), (7, Some(5000)));
        assert_eq!(plain.state, State::Queued);
        assert!(
            refused.message.starts_with("start_at: "),
            "{}",
            refused.message
        );
        let late = bed.invocation("late").await.unwrap();
        assert_eq!((late.priority, late.timeout_ms), (-3, Some(5000)));
        assert_eq!(late.state, State::Scheduled);
        let counts = bed.store.queues(&bed.namespace).await.unwrap()[0].1;
        assert_eq!((counts.queued, counts.scheduled), (1, 1));
    });
}

#[test]
fn an_option_that_cannot_be_is_refused_by_its_name() {
    on_postgres(|mut bed| async move {
        for (options, field) in [
            (json!({"delay": 5}), "delay"),
            (json!([]), "options"),
            (json!({"id": "a b"}), "id"),
            (json!({"namespace": "a/b"}), "namespace"),
            (json!({"priority": 1.5}), "priority"),
            (json!({"timeout_ms": 0}), "timeout_ms"),
            (json!({"delay_ms": -1}), "delay_ms"),
            (json!({"delay_ms": "5"}), "delay_ms"),
            (json!({"delay_ms": 5, "deadline_ms": 5}), "deadline_ms"),
            (
                json!({"delay_ms": 5, "start_at": "2027-01-31T09:00:00Z"}),
                "start_at",
            ),
            (json!({"start_at": "tomorrow"}), "start_at"),
            (json!({"start_at": "2026-02-31T09:00:00Z"}), "start_at"),
            (json!({"partition": "p"}), "partition"),
            (json!({"partition": "p".repeat(1 << 20)}), "partition"),
            (json!({"dedup": {}}), "dedup.key"),
            (
                json!({"dedup": {"key": "k", "on_conflict": "ask"}}),
                "dedup.on_conflict",
            ),
            (
                json!({"dedup": {"key": "k", "period_ms": 0}}),
                "dedup.period_ms",
            ),
            (
                json!({"id": "a", "dedup": {"key": "k", "on_conflict": "replace"}}),
                "dedup",
            ),
            (json!({"debounce": {"key": "k"}}), "debounce.period_ms"),
            (
                json!({"debounce": {"key": "k", "period_ms": 5, "deadline_ms": 4}}),
                "debounce.deadline_ms",
            ),
            (
                json!({"delay_ms": 5, "debounce": {"key": "k", "period_ms": 5}}),
                "debounce",
            ),
            (
                json!({"dedup": {"key": "k"}, "debounce": {"key": "k", "period_ms": 5}}),
                "debounce",
            ),
            (json!({"retries": {"max": 1001}}), "retries.max"),
            (json!({"retries": {"factor": 0.5}}), "retries.factor"),
            (json!({"retries": {"on": ["cancelled"]}}), "retries.on"),
            (json!({"retries": {"often": true}}), "retries.often"),
            (json!({"tags": {"a": 1}}), "tags"),
            (json!({"tags": {"": "a"}}), "tags"),
        ] {
            let refused = bed.call(options.clone()).await.unwrap_err();
            assert_eq!(refused.state, "22023", "{options}");
            let begins = format!("{field}: ");
            assert!(
                refused.message.starts_with(&begins),
                "{options}: {}",
                refused.message
            );
        }
        let refused = bed.enqueue("images/resize", &json!(5), &json!({})).await;
        assert!(refused.unwrap_err().message.starts_with("args: "));
        assert!(bed.store.queues(&bed.namespace).await.unwrap().is_empty());
    });
}

#[test]
fn a_partition_is_taken_where_the_queue_has_them() {
    on_postgres(|mut bed| async move {
        let settings = Settings {
            partitions: Some(Partitions::default()),
            ..Settings::default()
        };
        bed.queue(settings).await;
        // What this store writes of a queue's settings is another part's business.
        bed.caller
            .execute("reset role; update windlass.queues set partitioned = true")
            .await
            .unwrap();

        bed.call(json!({"partition": "p"})).await.unwrap();

        let partition = bed.text("select partition from windlass.live").await;
        assert_eq!(partition.as_deref(), Some("p"));
    });
}

#[test]
fn the_same_call_under_one_id_is_stored_once_and_another_is_refused() {
    on_postgres(|mut bed| async move {
        let id = json!({"id": "order-1"});

        let first = bed.call(id.clone()).await.unwrap();
        let again = bed.call(id.clone()).await.unwrap();
        let other = bed.enqueue("images/resize", &json!([2]), &id).await;

        assert_eq!((first.as_str(), again.as_str()), ("order-1", "order-1"));
        assert_eq!(other.unwrap_err().state, "23505");
    });
}

#[test]
fn a_deduplication_key_is_kept_as_over_http() {
    on_postgres(|mut bed| async move {
        let dedup = |conflict| json!({"dedup": {"key": "k", "on_conflict": conflict}});

        let first = bed.call(dedup("reject")).await.unwrap();
        let refused = bed.call(dedup("reject")).await.unwrap_err();
        let same = bed.call(dedup("return")).await.unwrap();
        let replaced = bed
            .enqueue("images/resize", &json!([2]), &dedup("replace"))
            .await;

        assert_eq!(refused.state, "WL409");
        assert_eq!(same, first);
        assert_eq!(replaced.unwrap(), first);
        let args = bed.invocation(&first).await.unwrap().arguments.unwrap();
        assert_eq!(args, "[2]");
    });
}

#[test]
fn many_calls_are_answered_in_their_order() {
    on_postgres(|mut bed| async move {
        let sql = "select windlass.enqueue_many('q', 'images/resize', array['[1]', '[2]', '[3]']::jsonb[])";

        let rows = sqlx::query(sql).fetch_all(&mut bed.caller).await.unwrap();

        let mut args = Vec::new();
        for row in rows {
            let id: String = row.get(0);
            let shown = bed.invocation(&id).await.unwrap();
            args.push((shown.key, shown.arguments.unwrap()));
        }
        let in_order: Vec<&[u8]> = args.iter().map(|(_, args)| &args[..]).collect();
        assert_eq!(in_order, [b"[1]", b"[2]", b"[3]"]);
        assert!(args.is_sorted_by_key(|(key, _)| *key));
    });
}

#[test]
fn a_result_tells_the_state_and_a_cancelled_one_why() {
    on_postgres(|mut bed| async move {
        bed.call(json!({"id": "a"})).await.unwrap();

        let queued = bed.text("select windlass.result('a')::text").await.unwrap();
        let unknown = bed.text("select windlass.result('b')::text").await;
        let cancelled = bed.text("select windlass.cancel('a')").await;
        let again = bed.text("select windlass.cancel('a')").await;
        let nobody = bed.text("select windlass.cancel('b')").await;
        let ended = bed.text("select windlass.result('a')::text").await.unwrap();

        assert_eq!(queued, r#"{"state": "queued"}"#);
        assert_eq!((unknown, nobody), (None, None));
        assert_eq!(
            (cancelled.as_deref(), again.as_deref()),
            (Some("cancelled"), Some("cancelled"))
        );
        let ended: Value = serde_json::from_str(&ended).unwrap();
        assert_eq!(ended["state"], "cancelled");
        assert_eq!(ended["error"]["kind"], "cancelled");
    });
}

#[test]
fn a_host_that_rests_is_told_at_once() {
    on_postgres(|mut bed| async move {
        let host = NewHost {
            name: "a".to_owned(),
            address: "http://a".to_owned(),
            version: "1".to_owned(),
            queues: None,
            lease_ms: 10_000,
        };
        let queue = bed.queue(Settings::default()).await;
        let host = bed.store.register(&host).await.unwrap();
        let mut signals = bed.store.subscribe();

        bed.call(json!({})).await.unwrap();
        bed.store.rest(host, true).await.unwrap();
        sqlx::query("select windlass.enqueue('late', 'images/resize')")
            .execute(&mut bed.caller)
            .await
            .unwrap();

        let told = async {
            loop {
                if let Signal::Work(told) = signals.recv().await.unwrap() {
                    return told;
                }
            }
        };
        let told = tokio::time::timeout(Duration::from_secs(10), told).await;
        assert_ne!(told.expect("a signal"), queue, "nobody rested then");
    });
}
