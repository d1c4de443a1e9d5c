//! What a task hands to the host is looked at before the host does, so that a mistake is told with
//! its place: text that is not UTF-8, a character that is none, a case that the type does not have.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use wit_bindgen_c::to_c_ident;
use wit_parser::{Type, TypeDefKind};

use super::world::World;

/// Functions of C that check values, each made when it is first asked for.
#[derive(Default)]
pub struct Checks {
    made: BTreeMap<String, Option<String>>,
    /// Their text, those first that others call.
    pub text: String,
}

impl Checks {
    /// The statement that checks the value at `pointer` (an expression); empty if nothing of it can
    /// be wrong. `place` is an expression too.
    pub fn statement(&mut self, world: &World, ty: &Type, pointer: &str, place: &str) -> String {
        match self.function(world, ty) {
            Some(function) => format!("{function}({pointer}, {place});"),
            None => String::new(),
        }
    }

    fn function(&mut self, world: &World, ty: &Type) -> Option<String> {
        let ty = world.plain(ty);
        match ty {
            Type::String => return Some("windlass_check_string".to_owned()),
            Type::Char => return Some("windlass_check_char".to_owned()),
            Type::Id(_) => {}
            _ => return None,
        }
        let raw = world.raw(&ty);
        if let Some(made) = self.made.get(&raw) {
            return made.clone();
        }
        let body = self.body(world, &ty);
        let made = (!body.is_empty()).then(|| format!("check_{raw}"));
        if let Some(name) = &made {
            let _ = write!(
                self.text,
                "\nstatic void {name}(const {raw} *value, const windlass_place_t *place) {{\n{body}}}\n"
            );
        }
        self.made.insert(raw, made.clone());
        made
    }

    fn body(&mut self, world: &World, ty: &Type) -> String {
        let mut body = String::new();
        match world.kind(ty) {
            Some(TypeDefKind::Record(record)) => {
                for field in &record.fields {
                    let pointer = format!("&value->{}", to_c_ident(&field.name));
                    body += &self.part(world, &field.ty, &pointer, &field.name);
                }
            }
            Some(TypeDefKind::Tuple(tuple)) => {
                for (index, ty) in tuple.types.iter().enumerate() {
                    body += &self.part(world, ty, &format!("&value->f{index}"), &index.to_string());
                }
            }
            Some(TypeDefKind::List(ty)) => {
                let inner = self.statement(world, ty, "&value->ptr[i]", "&inner");
                if !inner.is_empty() {
                    let _ = writeln!(
                        body,
                        "  for (size_t i = 0; i < value->len; i++) {{\n    windlass_place_t inner = \
                         {{place, NULL, i}};\n    {inner}\n  }}"
                    );
                }
            }
            Some(TypeDefKind::Option(ty)) => {
                let inner = self.statement(world, ty, "&value->val", "place");
                if !inner.is_empty() {
                    let _ = writeln!(body, "  if (value->is_some) {{\n    {inner}\n  }}");
                }
            }
            Some(TypeDefKind::Result(result)) => {
                for (ty, name, test) in [(&result.ok, "ok", "!"), (&result.err, "err", "")] {
                    let Some(ty) = ty else { continue };
                    let part = self.part(world, ty, &format!("&value->val.{name}"), name);
                    if !part.is_empty() {
                        let _ = writeln!(body, "  if ({test}value->is_err) {{\n{part}  }}");
                    }
                }
            }
            Some(TypeDefKind::Enum(of)) => {
                let count = of.cases.len();
                let _ = writeln!(body, "  windlass_check_case(*value, {count}, place);");
            }
            Some(TypeDefKind::Variant(of)) => {
                let count = of.cases.len();
                let _ = writeln!(body, "  windlass_check_case(value->tag, {count}, place);");
                for (index, case) in of.cases.iter().enumerate() {
                    let Some(ty) = &case.ty else { continue };
                    let pointer = format!("&value->val.{}", to_c_ident(&case.name));
                    let part = self.part(world, ty, &pointer, &case.name);
                    if !part.is_empty() {
                        let _ = writeln!(body, "  if (value->tag == {index}) {{\n{part}  }}");
                    }
                }
            }
            _ => {}
        }
        body
    }

    fn part(&mut self, world: &World, ty: &Type, pointer: &str, name: &str) -> String {
        let inner = self.statement(world, ty, pointer, "&inner");
        if inner.is_empty() {
            return inner;
        }
        format!("  {{\n    windlass_place_t inner = {{place, \"{name}\", 0}};\n    {inner}\n  }}\n")
    }
}
