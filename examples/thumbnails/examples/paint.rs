//! Paints the two pictures in `pictures/`: `cargo run --release --example paint`.
//!
//! They are painted, so that they belong to nobody, and the same every time.

use std::path::Path;

use image::codecs::jpeg::JpegEncoder;
use image::{Rgb, RgbImage, Rgba, RgbaImage};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("pictures");
    let mut jpeg = Vec::new();
    JpegEncoder::new_with_quality(&mut jpeg, 80).encode_image(&landscape())?;
    std::fs::write(folder.join("landscape.jpg"), jpeg)?;
    balloon().save(folder.join("balloon.png"))?;
    Ok(())
}

/// Hills under an evening sky, with the grain of a photograph.
fn landscape() -> RgbImage {
    let (width, height) = (640, 400);
    RgbImage::from_fn(width, height, |x, y| {
        let (x, y) = (x as f32 / width as f32, y as f32 / height as f32);
        let mut color = mix([38.0, 66.0, 130.0], [250.0, 176.0, 110.0], y * 1.5);
        let sun = ((x - 0.68).powi(2) * 2.56 + (y - 0.42).powi(2)).sqrt();
        color = mix(
            color,
            [255.0, 236.0, 190.0],
            (1.0 - sun * 2.5).max(0.0).powi(2),
        );
        if sun < 0.055 {
            color = [255.0, 244.0, 214.0];
        }
        let hills = [
            (0.55, 0.070, 5.0, 0.3, [104.0, 96.0, 128.0]),
            (0.66, 0.060, 8.0, 1.9, [62.0, 78.0, 88.0]),
            (0.79, 0.050, 11.0, 4.0, [32.0, 52.0, 40.0]),
        ];
        for (level, rise, waves, shift, hill) in hills {
            let edge = level
                + rise * (x * waves + shift).sin()
                + 0.012 * (x * waves * 5.3 + shift * 3.0).sin();
            if y > edge {
                color = mix(hill, [16.0, 24.0, 20.0], (y - edge) * 2.0);
            }
        }
        let grain = 7.0 * noise((x * 640.0) as u32, (y * 400.0) as u32);
        Rgb(color.map(|channel| (channel + grain).clamp(0.0, 255.0) as u8))
    })
}

/// A striped balloon in front of nothing.
fn balloon() -> RgbaImage {
    let (width, height) = (240, 320);
    RgbaImage::from_fn(width, height, |x, y| {
        let (x, y) = (x as f32 - 120.0, y as f32 - 115.0);
        let narrowing = if y > 0.0 { 1.0 + y / 260.0 } else { 1.0 };
        let across = x * narrowing;
        let distance = (across.powi(2) + (y * 0.92).powi(2)).sqrt();
        let alpha = ((101.0 - distance).clamp(0.0, 1.0) * 255.0) as u8;
        if alpha > 0 {
            let stripe = (across / (100.0_f32.powi(2) - (y * 0.92).powi(2)).max(1.0).sqrt() * 4.0)
                .floor() as i32;
            let base = if stripe.rem_euclid(2) == 0 {
                [206.0, 48.0, 44.0]
            } else {
                [246.0, 226.0, 190.0]
            };
            let light = 1.0 - ((x + 35.0).powi(2) + (y + 40.0).powi(2)).sqrt() / 330.0;
            let [red, green, blue] = base.map(|channel: f32| (channel * light) as u8);
            return Rgba([red, green, blue, alpha]);
        }
        let rope =
            (x.abs() - (28.0 - (y - 105.0) * 0.16)).abs() < 1.2 && (90.0..165.0).contains(&y);
        let basket = x.abs() < 20.0 && (162.0..192.0).contains(&y);
        match (basket, rope) {
            (true, _) if ((x as i32 / 4) + (y as i32 / 4)) % 2 == 0 => Rgba([124, 82, 44, 255]),
            (true, _) => Rgba([154, 106, 60, 255]),
            (false, true) => Rgba([90, 70, 50, 255]),
            (false, false) => Rgba([0, 0, 0, 0]),
        }
    })
}

fn mix(from: [f32; 3], to: [f32; 3], share: f32) -> [f32; 3] {
    let share = share.clamp(0.0, 1.0);
    std::array::from_fn(|channel| from[channel] + (to[channel] - from[channel]) * share)
}

/// Between -1 and 1, the same for the same place.
fn noise(x: u32, y: u32) -> f32 {
    let mut hash = x.wrapping_mul(0x9E37_79B1) ^ y.wrapping_mul(0x85EB_CA77);
    hash ^= hash >> 15;
    hash = hash.wrapping_mul(0x2C1B_3C6D);
    hash ^= hash >> 13;
    (hash & 0xFFFF) as f32 / 32_768.0 - 1.0
}
