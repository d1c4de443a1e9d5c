use wit_parser::Resolve;

use super::mistakes::explain;
use super::names::Names;
use super::{Package, functions, types};
use crate::authoring::Error;

const WIT: &str = "
package local:letters@0.1.0;

/// Small tasks.
interface tasks {
    /// A letter.
    record letter { %type: string, pages: option<option<u8>>, tags: list<tuple<string, char>> }
    enum color { red, light-blue }
    flags rights { read, write }
    /// What can be wrong.
    variant problem { empty, too-long(u32) }
    /// Reads it.
    read: func(letter: letter, %func: rights) -> result<color, problem>;
    split: func(text: string) -> tuple<u8, string>;
}

interface others {
    use tasks.{letter};
    read: func(letters: list<letter>) -> result<_, string>;
}

world letters {
    export tasks;
    export others;
}
";

fn package(files: &[(&str, &str)]) -> Package {
    let files = files
        .iter()
        .map(|(name, text)| ((*name).to_owned(), (*text).to_owned()));
    Package {
        path: "letters".to_owned(),
        folder: "/letters".into(),
        files: files.collect(),
        is_alone: true,
    }
}

fn with_names<T>(wit: &str, look: impl FnOnce(&Names<'_>) -> T) -> T {
    let mut resolve = Resolve::default();
    let package = resolve.push_str("world.wit", wit).unwrap();
    let world = resolve.select_world(&[package], None).unwrap();
    look(&Names::new(&resolve, world))
}

#[test]
fn types_are_written_as_go_has_them() {
    let text = with_names(WIT, |names| {
        types::write(names, names.exports[0], false)
            .unwrap()
            .unwrap()
    });

    for expected in [
        "// A letter.\ntype Letter struct {\n\tType string `json:\"type\"`\n\tPages **uint8 `json:\"pages\"`\n\tTags []windlass.Tuple2[string, rune] `json:\"tags\"`\n}",
        "type Color uint8\n",
        "\tColorRed Color = iota\n\tColorLightBlue\n",
        "\tRightsRead Rights = 1 << iota\n\tRightsWrite\n",
        "type Problem interface {\n\terror\n",
        "type ProblemTooLong struct{ Value uint32 }",
        "\t// Reads it.\n\tTasksRead(letter Letter, func_ Rights) (Color, error)\n",
        "\tSplit(text string) (uint8, string)\n",
    ] {
        assert!(text.contains(expected), "{expected}\n--- is not in\n{text}");
    }
}

#[test]
fn functions_of_one_name_in_two_interfaces_are_told_apart() {
    let text = with_names(WIT, |names| functions::check(names, "letters"));

    assert!(text.contains("= author.TasksRead\n"), "{text}");
    assert!(text.contains("= author.OthersRead\n"), "{text}");
    assert!(text.contains("= author.Split\n"), "{text}");
}

#[test]
fn two_names_that_are_one_in_go_are_refused() {
    let wit = "
        package a:b;
        interface tasks {
            enum shape { round }
            record shape-round { x: u8 }
            f: func(a: shape, b: shape-round);
        }
        world w { export tasks; }";

    let error = with_names(wit, |names| {
        types::write(names, names.exports[0], false).unwrap_err()
    });

    let error = error.to_string();
    assert!(error.contains("the case round of shape"), "{error}");
    assert!(error.contains("both ShapeRound in Go"), "{error}");
}

#[test]
fn what_go_cannot_have_is_refused_in_the_words_of_the_wit() {
    let wit = "
        package a:b;
        interface tasks { f: func(x: list<u8, 4>); g: func(x: list<tuple<u8, string>>); }
        world w { export tasks; }";

    let found = with_names(wit, |names| {
        let functions = names.functions(names.exports[0], true);
        let found = functions
            .iter()
            .map(|f| functions::unsupported(names, f.params[0].ty));
        found.collect::<Vec<_>>()
    });

    assert_eq!(found, [Some("a list of fixed length"), None]);
}

fn explained(said: &str, files: &[(&str, &str)]) -> Error {
    let failed = Error::Failed {
        tool: "go build".to_owned(),
        said: said.to_owned(),
        hint: None,
    };
    with_names(WIT, |names| explain(failed, names, &package(files)))
}

#[test]
fn a_function_that_is_missing_is_named_with_the_line_to_write() {
    let said =
        "# windlass.dev/gen/check\n.windlass/gen/check/check.go:11:42: undefined: author.Split";

    let error = explained(said, &[]);

    assert_eq!(
        error.to_string(),
        "letters has no function Split, which local:letters/tasks@0.1.0 exports"
    );
    assert_eq!(
        error.hint().unwrap(),
        "write\n  func Split(text string) (uint8, string)"
    );
}

#[test]
fn a_function_of_another_type_is_found_in_the_authors_file() {
    let said = ".windlass/gen/check/check.go:9:9: cannot use author.TasksRead (value of type \
                func(letter tasks.Letter) error) as func(…) (…) value in variable declaration";
    let source = "package letters\n\nfunc TasksRead(letter tasks.Letter) error {\n";

    let error = explained(said, &[("letters.go", source)]);

    assert_eq!(
        error.to_string(),
        "letters.go:3: TasksRead is func(letter tasks.Letter) error, which is not what \
         local:letters/tasks@0.1.0 exports"
    );
    let wanted = "func TasksRead(letter tasks.Letter, func_ tasks.Rights) (tasks.Color, error)";
    assert!(error.hint().unwrap().contains(wanted), "{:?}", error.hint());
}

#[test]
fn what_the_author_wrote_is_told_as_go_tells_it() {
    let said = "# letters\n./letters.go:4:2: undefined: x\n# windlass.dev/gen/check\n\
                .windlass/gen/check/check.go:1:1: other";

    let error = explained(said, &[]).to_string();

    assert_eq!(
        error,
        "go build failed:\n# letters\n./letters.go:4:2: undefined: x"
    );
}
