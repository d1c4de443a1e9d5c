//! What `componentize-qjs` leaves in a component: the export by which it had the bundle evaluated.
//! It would be listed as a task, and nobody is to call it.

use wasm_encoder::{Component, RawSection};
use wasmparser::{ComponentAlias, ComponentExternalKind, Parser, Payload};

const INIT: &str = "init";

/// The component without that export; none if it has no such export, alone in its section.
///
/// An export is an item of the index space, which must not move. In its place the same function is
/// named once more.
pub fn without_init(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut component = Component::new();
    let mut named = None;
    let mut found = false;
    let mut depth = 0;
    for payload in Parser::new(0).parse_all(bytes) {
        let payload = payload.ok()?;
        let is_inside = depth > 0;
        match payload {
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
            Payload::End(_) if is_inside => depth -= 1,
            _ => {}
        }
        let (false, Some((id, range))) = (is_inside, payload.as_section()) else {
            continue;
        };
        let data = &bytes[range];
        let mut section = RawSection { id, data };
        if let Payload::ComponentAliasSection(aliases) = &payload {
            let mut aliases = aliases.clone().into_iter();
            if let (Some(Ok(alias)), None) = (aliases.next(), aliases.next())
                && matches!(
                    alias,
                    ComponentAlias::InstanceExport {
                        kind: ComponentExternalKind::Func,
                        name: INIT,
                        ..
                    }
                )
            {
                named = Some((id, data));
            }
        }
        if let Payload::ComponentExportSection(exports) = &payload {
            let mut exports = exports.clone().into_iter();
            if let (Some(Ok(export)), None) = (exports.next(), exports.next())
                && export.kind == ComponentExternalKind::Func
                && export.name.name == INIT
            {
                let (id, data) = named?;
                section = RawSection { id, data };
                found = true;
            }
        }
        component.section(&section);
    }
    found.then(|| component.finish())
}
