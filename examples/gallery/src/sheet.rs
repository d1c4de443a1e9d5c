//! Small pictures on a large one.

use std::io::Cursor;

use image::imageops::overlay;
use image::{ImageFormat, Rgba, RgbaImage};

/// The longer side of a picture on the sheet, in pixels.
pub const CELL: u32 = 128;

/// What lies between pictures, and around all of them.
const GAP: u32 = 8;

const PAPER: Rgba<u8> = Rgba([250, 250, 247, 255]);

/// The picture in a PNG; none if it is no PNG.
pub fn decode(png: &[u8]) -> Option<RgbaImage> {
    let picture = image::load_from_memory_with_format(png, ImageFormat::Png).ok()?;
    Some(picture.into_rgba8())
}

/// A PNG with the pictures in rows, each in the middle of its cell.
pub fn of(pictures: &[RgbaImage], columns: u32) -> Vec<u8> {
    let columns = columns.min(pictures.len() as u32);
    let rows = (pictures.len() as u32).div_ceil(columns);
    let (width, height) = (GAP + columns * (CELL + GAP), GAP + rows * (CELL + GAP));
    let mut sheet = RgbaImage::from_pixel(width, height, PAPER);
    for (index, picture) in (0..).zip(pictures) {
        let (column, row) = (index % columns, index / columns);
        let left = GAP + column * (CELL + GAP) + CELL.saturating_sub(picture.width()) / 2;
        let top = GAP + row * (CELL + GAP) + CELL.saturating_sub(picture.height()) / 2;
        overlay(&mut sheet, picture, i64::from(left), i64::from(top));
    }
    let mut png = Cursor::new(Vec::new());
    sheet
        .write_to(&mut png, ImageFormat::Png)
        .expect("a picture in memory of a size above 0 can be encoded");
    png.into_inner()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sheet_has_a_cell_for_each_picture_and_the_pictures_in_their_middle() {
        let red = Rgba([255, 0, 0, 255]);
        let pictures = vec![RgbaImage::from_pixel(CELL, 64, red); 3];

        let sheet = decode(&of(&pictures, 2)).unwrap();

        assert_eq!(sheet.dimensions(), (2 * 136 + 8, 2 * 136 + 8));
        assert_eq!(*sheet.get_pixel(8, 8 + 32), red);
        assert_eq!(*sheet.get_pixel(8, 8 + 31), PAPER);
        assert_eq!(*sheet.get_pixel(8, 144 + 32), red);
        assert_eq!(*sheet.get_pixel(144, 144 + 32), PAPER);
    }

    #[test]
    fn what_is_no_picture_is_none() {
        assert!(decode(b"no picture").is_none());
    }
}
