// QR codes in a picture.

import * as raw from "./kycvs_web.js";
import { wrongType } from "./arguments.js";

/**
 * The texts of the QR codes in a picture, as a canvas gives it (`getImageData`), and how many codes were seen that cannot be
 * read. It takes as long as the picture is large, and a picture can be made for which it takes very long: call it in a worker
 * that can be ended.
 * @param {{ data: Uint8ClampedArray | Uint8Array, width: number, height: number }} picture
 * @returns {{ texts: string[], damaged: number }}
 */
export function readQr(picture) {
  const { data, width, height } = picture ?? {};
  if (!(data instanceof Uint8ClampedArray || data instanceof Uint8Array)) throw wrongType("picture", "an ImageData", picture);
  if (!Number.isSafeInteger(width) || width < 0 || width * height * 4 !== data.length) {
    throw new RangeError("picture: expected four bytes for each of width times height pixels");
  }
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.length);
  const codes = raw.QrCodes.read(bytes, width);
  try {
    return { texts: codes.texts(), damaged: codes.damaged() };
  } finally {
    codes.free();
  }
}
