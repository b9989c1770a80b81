"""Faults planted into good photos, for the gate to find."""

from __future__ import annotations

import io

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from headshot_core import colour
from headshot_core.enhance.view import Study
from headshot_core.face.regions import CHEEK_LEFT, polygon
from headshot_core.portrait import Portrait

Pixels = np.ndarray
"""sRGB float32 (H, W, 3), 0..1"""


def pixels_of(portrait: Portrait) -> Pixels:
    return portrait.pixels.astype(np.float32) / 255


def image_of(pixels: Pixels) -> Image.Image:
    return Image.fromarray((np.clip(pixels, 0, 1) * 255 + 0.5).astype(np.uint8))


def jpeg(picture: Image.Image | Pixels, quality: int = 90) -> bytes:
    buffer = io.BytesIO()
    image = picture if isinstance(picture, Image.Image) else image_of(picture)
    image.save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()


# Camera.


def blurred(portrait: Portrait, share: float) -> Pixels:
    """Out of focus by so many inter-eye distances."""
    return cv2.GaussianBlur(pixels_of(portrait), (0, 0), share * portrait.face.inter_eye)


def shaken(portrait: Portrait, share: float, angle: float) -> Pixels:
    """The camera moved by so many inter-eye distances at that angle in degrees."""
    length = max(3, round(share * portrait.face.inter_eye)) | 1
    kernel = np.zeros((length, length), np.float32)
    kernel[length // 2] = 1
    turn = cv2.getRotationMatrix2D((length // 2, length // 2), angle, 1)
    kernel = cv2.warpAffine(kernel, turn, (length, length))
    return cv2.filter2D(pixels_of(portrait), -1, kernel / kernel.sum())


def exposed(portrait: Portrait, stops: float) -> Pixels:
    return colour.to_srgb(np.clip(colour.to_linear(pixels_of(portrait)) * 2**stops, 0, 1))


def far_away(portrait: Portrait, inter_eye: float, size: int = 1200) -> Pixels:
    """The person small in a large plain scene."""
    scale = inter_eye / portrait.face.inter_eye
    image = image_of(pixels_of(portrait)).resize([max(1, round(side * scale)) for side in portrait.photo.image.size])
    noise = np.random.default_rng(0).normal(0, 0.01, (size, size, 1)).astype(np.float32)
    scene = image_of(np.full((size, size, 3), (0.5, 0.52, 0.5), np.float32) + noise)
    scene.paste(image, ((size - image.width) // 2, size - image.height))
    return np.asarray(scene).astype(np.float32) / 255


# Covered faces.


def sunglasses(portrait: Portrait, tint: tuple[float, float, float] = (0.05, 0.05, 0.06), solid: float = 1) -> Pixels:
    face, mask = portrait.face, np.zeros(portrait.pixels.shape[:2], np.float32)
    unit, down = face.inter_eye, face.axes[1][:2]
    for eye in face.eyes:
        centre = eye + 0.05 * unit * down
        cv2.ellipse(mask, _point(centre), _axes(0.42 * unit, 0.32 * unit), face.roll, 0, 360, 1, -1)
    cv2.line(mask, _point(face.eyes[0]), _point(face.eyes[1]), 1, max(1, round(0.06 * unit)))
    return _laid_over(portrait, solid * mask, tint)


def mouth_mask(portrait: Portrait, tint: tuple[float, float, float] = (0.62, 0.78, 0.88)) -> Pixels:
    """A cloth mask from the nose's bridge to below the chin, with folds."""
    face, shape = portrait.face, portrait.pixels.shape[:2]
    lower = [5, 50, 123, 93, 132, 58, 172, 136, 150, 149, 176, 148, 152, 377, 400, 378, 379, 365, 397, 288, 361, 323]
    mask = np.zeros(shape, np.float32)
    points = face.points[[*lower, 352, 280], :2].copy()
    points += (points - points.mean(0)) * 0.06
    cv2.fillPoly(mask, [np.round(points).astype(np.int32)], 1)
    y = np.arange(shape[0], dtype=np.float32)[:, None, None]
    folds = 1 - 0.08 * (np.sin(y / face.inter_eye * 18) > 0.7)
    shading = cv2.GaussianBlur(pixels_of(portrait).mean(-1), (0, 0), 0.5 * face.inter_eye)[..., None]
    cloth = np.array(tint, np.float32) * folds * (0.7 + 0.6 * shading)
    return _laid_over(portrait, mask, cloth)


def hand(portrait: Portrait) -> Pixels:
    """Four fingers of the person's own skin colour across the mouth."""
    face, shape = portrait.face, portrait.pixels.shape[:2]
    unit, across, down = face.inter_eye, face.axes[0][:2], face.axes[1][:2]
    mouth = face.points[[13, 14], :2].mean(0)
    skin = np.median(pixels_of(portrait)[polygon(face, CHEEK_LEFT, shape)], 0)
    result, mask = np.ones((*shape, 3), np.float32) * skin, np.zeros(shape, np.float32)
    for number in range(4):
        middle = mouth + (number - 1.5) * 0.24 * unit * down
        start, end = middle - 0.9 * unit * across, middle + (0.75 - 0.06 * number) * unit * across
        cv2.line(mask, _point(start), _point(end), 1, round(0.23 * unit))
        line = middle + 0.12 * unit * down
        cv2.line(result, _point(line - unit * across), _point(line + unit * across), (0.55 * skin).tolist(), 2)
    result = cv2.GaussianBlur(result, (0, 0), 0.015 * unit)
    return _laid_over(portrait, mask, result)


def _laid_over(portrait: Portrait, mask: np.ndarray, what) -> Pixels:
    soft = cv2.GaussianBlur(mask, (0, 0), max(0.6, 0.01 * portrait.face.inter_eye))[..., None]
    before = pixels_of(portrait)
    return before + soft * (np.asarray(what, np.float32) - before)


def _point(at: np.ndarray) -> tuple[int, int]:
    return round(float(at[0])), round(float(at[1]))


def _axes(wide: float, high: float) -> tuple[int, int]:
    return max(1, round(wide)), max(1, round(high))


# No plain photos.


def screenshot(portrait: Portrait, dark: bool = False) -> Image.Image:
    """A photo as a feed on a phone shows it: status line, header, photo, buttons and text."""
    ground, ink = ((18, 18, 18), (235, 235, 235)) if dark else ((255, 255, 255), (30, 30, 30))
    width, height = 1080, 2340
    screen = Image.new("RGB", (width, height), ground)
    draw, font = ImageDraw.Draw(screen), ImageFont.load_default(36)
    draw.text((60, 30), "12:41", fill=ink, font=font)
    draw.rectangle((960, 34, 1020, 64), outline=ink, width=3)
    draw.ellipse((40, 140, 130, 230), fill=(200, 120, 60))
    draw.text((160, 160), "somebody.somewhere", fill=ink, font=font)
    image = portrait.photo.image
    image = image.resize((width, round(image.height * width / image.width)))
    image = image.crop((0, 0, width, min(image.height, 1650)))
    screen.paste(image, (0, 260))
    below = 260 + image.height
    for number in range(3):
        draw.ellipse((40 + 110 * number, below + 30, 110 + 110 * number, below + 100), outline=ink, width=6)
    draw.text((40, below + 130), "Liked by a friend and 182 others", fill=ink, font=font)
    draw.text((40, below + 190), "Such a nice day in town, more soon!", fill=ink, font=font)
    return screen


def painting(portrait: Portrait) -> Pixels:
    return cv2.stylization(portrait.pixels, sigma_s=60, sigma_r=0.45).astype(np.float32) / 255


def cartoon(portrait: Portrait) -> Pixels:
    """Flat colours and black outlines."""
    smooth = portrait.pixels
    for _ in range(4):
        smooth = cv2.bilateralFilter(smooth, 9, 40, 7)
    flat = np.round(smooth.astype(np.float32) / 255 * 7) / 7
    grey = cv2.medianBlur(cv2.cvtColor(portrait.pixels, cv2.COLOR_RGB2GRAY), 5)
    lines = cv2.adaptiveThreshold(grey, 1, cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY, 9, 5)
    return flat * lines[..., None]


def posterised(portrait: Portrait, levels: int = 6) -> Pixels:
    smooth = cv2.edgePreservingFilter(portrait.pixels, flags=1, sigma_s=60, sigma_r=0.4)
    return np.round(smooth.astype(np.float32) / 255 * levels) / levels


def sketch(portrait: Portrait) -> Pixels:
    grey, _ = cv2.pencilSketch(portrait.pixels, sigma_s=60, sigma_r=0.07, shade_factor=0.05)
    return np.repeat(grey[..., None], 3, 2).astype(np.float32) / 255


def beautified(portrait: Portrait) -> Pixels:
    """Skin smoothed to wax, as a beauty filter does; eyes, brows and lips kept."""
    pixels, face = pixels_of(portrait), portrait.face
    smooth = pixels
    for _ in range(3):
        smooth = cv2.bilateralFilter(smooth, 0, 0.12, 0.06 * face.inter_eye)
    skin = Study(portrait).whole().skin[..., None]
    return pixels + skin * (smooth - pixels)


# Whose photo, and how many in it.


def pair(first: Portrait, second: Portrait) -> Image.Image:
    """Two people side by side, their heads of one size."""
    scale = first.face.head_height / second.face.head_height
    other = second.photo.image.resize([max(1, round(side * scale)) for side in second.photo.image.size])
    image = first.photo.image
    height = max(image.height, other.height)
    both = Image.new("RGB", (image.width + other.width, height), (128, 128, 128))
    both.paste(image, (0, height - image.height))
    both.paste(other, (image.width, height - other.height))
    return both


def bystander(first: Portrait, second: Portrait, share: float) -> Image.Image:
    """Somebody else's head in the first photo's corner, `share` as large."""
    face = second.face
    scale = share * first.face.head_height / face.head_height
    x0, y0, x1, y1 = face.box
    margin = 0.35 * face.head_height
    head = second.photo.image.crop([round(v) for v in (x0 - margin, y0 - margin, x1 + margin, y1 + margin)])
    head = head.resize([max(1, round(side * scale)) for side in head.size])
    image = first.photo.image.copy()
    image.paste(head, (0, 0))
    return image
