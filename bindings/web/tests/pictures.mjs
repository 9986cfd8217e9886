// Pictures of QR codes: files, and what a camera sees.

import { deflateSync, crc32 } from "node:zlib";
import qrcode from "qrcode-generator";

/** A picture in grey: a byte a pixel, 255 is white. @typedef {{ width: number, height: number, pixels: Uint8Array }} Picture */

/**
 * A QR code in the alphanumeric mode if the text allows it, in white space that makes the picture so large. Each character of
 * another text is one byte.
 * @param {string} text @param {number} width @param {number} height @param {number} [scale] Pixels a module.
 * @returns {Picture}
 */
export function qr(text, width, height, scale = 6) {
  const code = qrcode(0, "M");
  code.addData(text, /^[0-9A-Z $%*+\-./:]+$/.test(text) ? "Alphanumeric" : "Byte");
  code.make();
  const side = code.getModuleCount() * scale;
  if (side + 8 * scale > Math.min(width, height)) throw new Error("the picture is too small for its code");
  const [left, top] = [(width - side) >> 1, (height - side) >> 1];
  const pixels = new Uint8Array(width * height).fill(255);
  for (let y = 0; y < side; y += 1) {
    for (let x = 0; x < side; x += 1) {
      if (code.isDark(Math.floor(y / scale), Math.floor(x / scale))) pixels[(y + top) * width + x + left] = 0;
    }
  }
  return { width, height, pixels };
}

/** Two pictures of one height, side by side. @param {Picture} a @param {Picture} b @returns {Picture} */
export function beside(a, b) {
  const width = a.width + b.width;
  const pixels = new Uint8Array(width * a.height);
  for (let y = 0; y < a.height; y += 1) {
    pixels.set(a.pixels.subarray(y * a.width, (y + 1) * a.width), y * width);
    pixels.set(b.pixels.subarray(y * b.width, (y + 1) * b.width), y * width + a.width);
  }
  return { width, height: a.height, pixels };
}

/** A PNG file (ISO/IEC 15948), in grey. @param {Picture} picture @returns {Buffer} */
export function png({ width, height, pixels }) {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.writeUInt8(8, 8);
  const rows = Buffer.alloc((width + 1) * height);
  for (let y = 0; y < height; y += 1) rows.set(pixels.subarray(y * width, (y + 1) * width), y * (width + 1) + 1);
  const start = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  return Buffer.concat([start, chunk("IHDR", header), chunk("IDAT", deflateSync(rows)), chunk("IEND", Buffer.alloc(0))]);
}

/** @param {string} name @param {Buffer} data */
function chunk(name, data) {
  const body = Buffer.concat([Buffer.from(name, "ascii"), data]);
  const [length, check] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(data.length);
  check.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, check]);
}

/** A film of pictures, as Chromium takes it for a camera's (YUV4MPEG2). @param {Picture[]} pictures @returns {Buffer} */
export function y4m(pictures) {
  const [{ width, height } = { width: 0, height: 0 }] = pictures;
  const colour = Buffer.alloc(width * height / 2, 128);
  const frames = pictures.flatMap(({ pixels }) => [Buffer.from("FRAME\n", "ascii"), Buffer.from(pixels), colour]);
  return Buffer.concat([Buffer.from(`YUV4MPEG2 W${width} H${height} F10:1 Ip A1:1 C420jpeg\n`, "ascii"), ...frames]);
}
