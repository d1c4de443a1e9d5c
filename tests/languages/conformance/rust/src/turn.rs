//! `turn`, which makes another of every part of an order.

use crate::bindings::exports::test::conformance::echo::{Color, Line, Order, Permissions, Shape};

/// As the WIT says.
pub fn turn(order: Order) -> Order {
    let (wide, narrow) = order.position;
    Order {
        order_id: order.order_id.wrapping_add(1),
        lines: lines(order.lines),
        note: Some(order.note.map_or_else(|| "none".to_owned(), |note| note + "!")),
        permissions: Permissions::all() - order.permissions,
        color: match order.color {
            Color::Red => Color::Green,
            Color::Green => Color::LightBlue,
            Color::LightBlue => Color::Red,
        },
        shape: match order.shape {
            Shape::Circle(radius) => Shape::Rectangle((radius, radius)),
            Shape::Rectangle((a, _)) => Shape::Circle(a),
            Shape::Lines(mut lines) => {
                lines.reverse();
                Shape::Lines(lines)
            }
            Shape::Nothing => Shape::Nothing,
        },
        picture: order.picture.into_iter().map(|byte| byte ^ 255).collect(),
        balance: order.balance.wrapping_neg(),
        position: (f64::from(narrow), wide as f32),
        verdict: match order.verdict {
            Ok(number) => Err(number.to_string()),
            Err(text) => Ok(text.len() as u32),
        },
        initial: 'x',
        paid: !order.paid,
    }
}

fn lines(lines: Vec<Line>) -> Vec<Line> {
    let turned = lines.into_iter().rev().map(|line| Line {
        count: line.count.wrapping_add(1),
        price: line.price / 2.0,
        ..line
    });
    turned.collect()
}
