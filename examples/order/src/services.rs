//! Stand-ins for the services of a shop. What they answer follows from what they are asked, and so
//! is the same when they are asked again.

/// What is in the store of each item.
const STOCK: u32 = 100;

/// What a card pays.
const CARD_LIMIT_CENTS: u64 = 1_000_000;

/// Sets goods aside.
pub fn reserve(order: &str, item: &str, quantity: u32) -> Result<String, String> {
    match quantity {
        0 => Err(format!("none of {item} is no order")),
        1..=STOCK => Ok(format!("reservation-{order}")),
        _ => Err(format!("there are only {STOCK} of {item}")),
    }
}

/// Takes money.
pub fn charge(order: &str, customer: &str, cents: u64) -> Result<String, String> {
    match cents {
        0..=CARD_LIMIT_CENTS => Ok(format!("payment-{order}")),
        _ => Err(format!("the card of {customer} does not pay that much")),
    }
}

/// Hands goods to a carrier.
pub fn ship(order: &str, address: &str) -> Result<String, String> {
    match address.trim() {
        "" => Err("there is no address".to_owned()),
        _ => Ok(format!("parcel-{order}")),
    }
}
