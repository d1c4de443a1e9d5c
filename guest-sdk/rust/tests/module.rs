//! A module of tasks stays a Rust module: its functions are called here without a sandbox.

#[windlass_guest::tasks(package = "test:module@0.1.0", interface = "every-kind")]
mod module {
    use std::hash::Hash as Hashing;

    /// Keywords of Rust and of WIT, an acronym, derives of the prelude and of an import.
    #[derive(Debug, Clone, PartialEq, Eq, Hashing, Default)]
    pub struct HTTPRecord {
        pub type_: Type,
        pub list: Vec<u8>,
        pub nested: Option<Option<u8>>,
        pub pair: (u8, String),
    }

    #[derive(Default, Debug, Clone, Copy, PartialEq, Eq, Hash)]
    pub enum Type {
        Record,
        #[default]
        List,
    }

    /// Another derive than the record's.
    #[derive(PartialEq, PartialOrd)]
    pub enum Shape {
        Circle(f64),
        Rectangle((f64, f64)),
        Nothing,
    }

    pub type Shapes = Vec<Shape>;

    #[derive(PartialEq)]
    pub enum Problem {
        Empty,
        At(u32),
    }

    impl Shape {
        pub fn area(&self) -> f64 {
            match self {
                Self::Circle(radius) => radius * radius * PI,
                Self::Rectangle((width, height)) => width * height,
                Self::Nothing => 0.0,
            }
        }
    }

    const PI: f64 = 3.0;

    pub fn r#match(record: HTTPRecord) -> HTTPRecord {
        record
    }

    /// The parameter is called as the function is.
    pub fn area(area: Shapes) -> Result<f64, Problem> {
        if area.is_empty() {
            return Err(Problem::Empty);
        }
        match area.iter().position(|shape| *shape == Shape::Nothing) {
            Some(index) => Err(Problem::At(private(index))),
            None => Ok(area.iter().map(Shape::area).sum()),
        }
    }

    pub fn check(mut flags: Vec<bool>) -> Result<(), ()> {
        flags.retain(|flag| !flag);
        if flags.is_empty() { Ok(()) } else { Err(()) }
    }

    fn private(index: usize) -> u32 {
        index as u32
    }
}

/// Two modules are two interfaces of one component.
#[windlass_guest::tasks(package = "test:module@0.1.0")]
mod second {
    pub fn area() -> f64 {
        1.5
    }
}

use windlass_guest::Data;

use module::{HTTPRecord, Problem, Shape, Type};

#[test]
fn the_functions_stay_callable() {
    let record = HTTPRecord {
        list: vec![1],
        ..HTTPRecord::default()
    };

    assert_eq!(record.type_, Type::List);
    assert_eq!(module::r#match(record.clone()), record);
    assert_eq!(
        module::area(vec![Shape::Circle(2.0), Shape::Rectangle((2.0, 3.0))]),
        Ok(18.0)
    );
    assert_eq!(module::area(vec![]), Err(Problem::Empty));
    assert_eq!(module::check(vec![true]), Ok(()));
    assert_eq!(second::area(), 1.5);
}

#[test]
fn the_derives_of_each_type_are_kept() {
    fn hashable<T: std::hash::Hash + Eq>() {}
    fn comparable<T: PartialOrd + Clone + Copy + std::fmt::Debug>() {}
    fn an_error<T: std::error::Error + PartialEq>() {}

    hashable::<HTTPRecord>();
    comparable::<Shape>();
    an_error::<Problem>();
}

#[test]
fn the_types_have_the_json_of_the_host() {
    let record = HTTPRecord {
        type_: Type::Record,
        list: b"foo".to_vec(),
        nested: Some(None),
        pair: (1, "a".to_owned()),
    };
    let json = r#"{"type":"record","list":"Zm9v","nested":{"some":null},"pair":[1,"a"]}"#;

    assert_eq!(record.to_json(), json);
    assert_eq!(HTTPRecord::from_json(json), Ok(record));
    assert_eq!(Shape::Nothing.to_json(), r#""nothing""#);
    assert_eq!(Shape::from_json(r#"{"circle":2}"#), Ok(Shape::Circle(2.0)));
    let mistake = Problem::from_json(r#"{"at":"x"}"#).unwrap_err();
    assert_eq!(
        mistake.to_string(),
        ".at: expected a number (u32), got a string"
    );
}

#[test]
fn a_derived_record_has_names_in_kebab_case_and_options_may_be_left_out() {
    #[derive(Data, Debug, PartialEq)]
    struct Note {
        written_by: String,
        page: Option<u32>,
    }

    let note = Note::from_json(r#"{"other":1,"written-by":"ada"}"#);

    let written_by = "ada".to_owned();
    assert_eq!(
        note,
        Ok(Note {
            written_by,
            page: None
        })
    );
    assert!(Note::from_json("{}").is_err());
}

#[windlass_guest::tasks(package = "test:module@0.1.0")]
mod flows {
    use windlass_guest::workflow::{Failure, Queue};

    pub fn halve(number: u32) -> Result<u32, String> {
        if number.is_multiple_of(2) {
            Ok(number / 2)
        } else {
            Err("odd".to_owned())
        }
    }

    #[workflow]
    pub fn twice(number: u32) -> Result<u32, Failure> {
        let once = Queue::own().enqueue(halve, number).get_result()?;
        Queue::own().enqueue(halve, once).get_result()
    }

    #[workflow]
    pub async fn later(number: u32) -> Result<u32, Failure> {
        twice(number)
    }

    /// A workflow is enqueued as a task is, and its failure is text.
    #[workflow]
    pub fn nested(number: u32) -> Result<u32, String> {
        Ok(Queue::own().enqueue(twice, number).get_result()?)
    }
}

#[test]
fn a_workflow_is_called_like_any_function() {
    assert_eq!(flows::twice(8), Ok(2));
    assert_eq!(flows::twice(6).unwrap_err().kind, "guest");
    assert_eq!(flows::nested(12), Ok(3));
    assert!(flows::nested(7).unwrap_err().contains("odd"));
    drop(flows::later(4));
}

#[test]
fn away_from_wasm_a_stand_in_answers_for_the_host() {
    windlass_guest::log::info("no host here");
    windlass_guest::progress(1, 2, "halfway");

    assert_eq!(windlass_guest::this_invocation().attempt, 1);
}
