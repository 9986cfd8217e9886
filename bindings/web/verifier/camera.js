// The camera, looked through until it sees an answer.

import { read } from "./reader.js";

/** The longest side of a frame that is looked at, in pixels. */
const LONGEST = 1_000;

/** @type {MediaStream | undefined} */
let stream;

/** Whether it runs. */
export const runs = () => stream !== undefined;

/** Stops it; the light beside it goes out. @param {HTMLVideoElement} video */
export function stop(video) {
  for (const track of stream?.getTracks() ?? []) track.stop();
  stream = undefined;
  video.srcObject = null;
}

/**
 * Shows what it sees in `video`, until a QR code with an answer is seen: what it holds. `undefined` if it was stopped.
 * Throws a `DOMException` where there is no camera, or it may not be used.
 * @param {HTMLVideoElement} video
 * @param {(problem: { content: Uint8Array } | "several") => void} other Is called with a code of another kind, and if there are
 *   different answers.
 * @returns {Promise<Uint8Array | undefined>}
 */
export async function scan(video, other) {
  stop(video);
  if (!navigator.mediaDevices) throw new DOMException("", "NotSupportedError");
  const own = await navigator.mediaDevices.getUserMedia({
    audio: false,
    video: { facingMode: "environment", width: { ideal: 1280 }, height: { ideal: 720 } },
  });
  stream = own;
  video.srcObject = own;
  await video.play();
  while (stream === own) {
    const found = await read(await frame(video));
    if (stream !== own) return undefined;
    if ("content" in found && found.answer) {
      stop(video);
      return found.content;
    }
    if ("content" in found) other(found);
    else if (found.problem === "several") other("several");
    await new Promise((resolve) => setTimeout(resolve, 60));
  }
  return undefined;
}

/** @param {HTMLVideoElement} video @returns {Promise<ImageBitmap>} */
async function frame(video) {
  const { videoWidth, videoHeight } = video;
  const scale = Math.min(1, LONGEST / Math.max(videoWidth, videoHeight, 1));
  return createImageBitmap(video, {
    resizeWidth: Math.max(1, Math.round(videoWidth * scale)),
    resizeHeight: Math.max(1, Math.round(videoHeight * scale)),
  });
}
