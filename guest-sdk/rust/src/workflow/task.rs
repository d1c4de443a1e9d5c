//! What can be enqueued: a function of the same crate, or a task by its name.

use std::marker::PhantomData;

use crate::data::Data;

/// What can be enqueued with arguments of type `Arguments`, one as it is and several as a tuple.
///
/// Every public function of a module of [`tasks`](macro@crate::tasks) can, and a [`Task`]. `Shape`
/// tells functions with different numbers of arguments apart; the compiler finds it. An `async`
/// workflow is given by its name, as a [`Task`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be enqueued with arguments of type `{Arguments}`",
    note = "one argument is given as it is, several as a tuple, none as `()`",
    note = "an `async` workflow is given by its name, `Task::named(…)`"
)]
pub trait Callable<Arguments, Shape> {
    /// What the handle gives: of a function that returns a result the inside of `Ok`.
    type Value: Data;

    /// The task as the host knows it.
    #[doc(hidden)]
    fn name(&self) -> String;

    /// The arguments as JSON.
    #[doc(hidden)]
    fn write(arguments: &Arguments) -> String;

    /// Runs in place, where there is no host: the value, or the payload of the error, as JSON.
    /// `None` if there is nothing to run.
    #[doc(hidden)]
    fn run(&self, arguments: Arguments) -> Option<Result<String, String>>;
}

/// A task by its name, with the types of its arguments and of its value.
///
/// `Arguments` is the type of the one argument or a tuple of several, `()` for none; `Value` is
/// what the task returns, of a `result<T, E>` the `T`. The host checks the arguments when the call
/// is enqueued.
///
/// ```
/// use windlass_guest::workflow::Task;
///
/// let resize = Task::<(Vec<u8>, Vec<u32>), Vec<String>>::named("images/resize");
/// ```
pub struct Task<Arguments, Value> {
    name: String,
    types: PhantomData<fn(Arguments) -> Value>,
}

impl<Arguments: Data, Value: Data> Task<Arguments, Value> {
    /// The task `component/task`, `component@version/task`, or `task` of this very component.
    pub fn named(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            types: PhantomData,
        }
    }
}

impl<Arguments, Value> Clone for Task<Arguments, Value> {
    fn clone(&self) -> Self {
        Self {
            name: self.name.clone(),
            types: PhantomData,
        }
    }
}

impl<Arguments: Data, Value: Data> Callable<Arguments, Self> for Task<Arguments, Value> {
    type Value = Value;

    fn name(&self) -> String {
        self.name.clone()
    }

    fn write(arguments: &Arguments) -> String {
        let mut text = String::new();
        arguments.write_arguments(&mut text);
        text
    }

    fn run(&self, _arguments: Arguments) -> Option<Result<String, String>> {
        None
    }
}

impl<Arguments, T, Shape> Callable<Arguments, (Shape,)> for &T
where
    T: Callable<Arguments, Shape>,
{
    type Value = T::Value;

    fn name(&self) -> String {
        T::name(self)
    }

    fn write(arguments: &Arguments) -> String {
        T::write(arguments)
    }

    fn run(&self, arguments: Arguments) -> Option<Result<String, String>> {
        T::run(self, arguments)
    }
}

impl<F, A, R> Callable<A, fn(A) -> R> for F
where
    F: Fn(A) -> R,
    A: Data,
    R: Data,
{
    type Value = R::Value;

    fn name(&self) -> String {
        name_of::<F>()
    }

    fn write(argument: &A) -> String {
        let mut text = String::from("[");
        argument.write(&mut text);
        text.push(']');
        text
    }

    fn run(&self, argument: A) -> Option<Result<String, String>> {
        Some(self(argument).into_outcome())
    }
}

macro_rules! functions {
    ($($($part:ident $value:ident),*;)*) => {$(
        impl<F, R, $($part),*> Callable<($($part,)*), fn($($part),*) -> R> for F
        where
            F: Fn($($part),*) -> R,
            $($part: Data,)*
            R: Data,
        {
            type Value = R::Value;

            fn name(&self) -> String {
                name_of::<F>()
            }

            fn write(arguments: &($($part,)*)) -> String {
                let mut text = String::new();
                arguments.write_arguments(&mut text);
                text
            }

            fn run(&self, ($($value,)*): ($($part,)*)) -> Option<Result<String, String>> {
                Some(self($($value),*).into_outcome())
            }
        }
    )*};
}

functions! {
    ;
    A a, B b;
    A a, B b, C c;
    A a, B b, C c, D d;
    A a, B b, C c, D d, E e;
    A a, B b, C c, D d, E e, G g;
    A a, B b, C c, D d, E e, G g, H h;
    A a, B b, C c, D d, E e, G g, H h, I i;
}

/// The WIT name of the function whose type is `F`.
///
/// A function's own type has no value, so that only its name, which is the end of its path, can
/// tell the host what to call. What has a value is a closure with something in it, or a pointer.
fn name_of<F>() -> String {
    const {
        assert!(
            size_of::<F>() == 0,
            "only a function itself can be enqueued, no closure and no pointer to one"
        );
    }
    let path = std::any::type_name::<F>();
    let name = path.rsplit("::").next().unwrap_or(path);
    let name = name.strip_prefix("r#").unwrap_or(name);
    assert!(
        name.bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_'),
        "`{path}` has no name: enqueue a public function of a module of tasks"
    );
    kebab(name)
}

/// As the attribute writes it in WIT.
fn kebab(name: &str) -> String {
    let mut kebab = String::with_capacity(name.len());
    let mut after_small = false;
    for char in name.chars() {
        let begins_word = char == '_' || (char.is_ascii_uppercase() && after_small);
        if begins_word && !kebab.is_empty() && !kebab.ends_with('-') {
            kebab.push('-');
        }
        if char != '_' {
            kebab.push(char.to_ascii_lowercase());
        }
        after_small = char.is_ascii_lowercase() || char.is_ascii_digit();
    }
    kebab.truncate(kebab.trim_end_matches('-').len());
    kebab
}
