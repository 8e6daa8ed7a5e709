#!/usr/bin/env python3
"""Scores speech over bad networks with PESQ-WB and writes docs/voice_quality.md and its plot.

Usage: voice_quality.py [clip.wav clip.wav clip.wav ...]

Without clips three are spoken by espeak-ng. Clips are mono, 16 bits, 48 kHz. Needs numpy and pesq,
which `make bench-quality` puts into an environment under build/.
"""

import os
import platform
import shutil
import subprocess
import sys
import wave
from collections import defaultdict
from datetime import date
from importlib.metadata import version
from multiprocessing import Pool
from pathlib import Path

import numpy as np
from pesq import pesq

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "build" / "voice_quality"
RATE = 48_000
SECONDS = 8
LOSSES = [0, 1, 5, 10, 20]
JITTERS = [0, 40]

SENTENCES = [
    (
        "en-us",
        "The birch canoe slid on the smooth planks. Glue the sheet to the dark blue background. "
        "It is easy to tell the depth of a well. These days a chicken leg is a rare dish.",
    ),
    (
        "en-gb+f3",
        "Rice is often served in round bowls. The juice of lemons makes fine punch. "
        "The box was thrown beside the parked truck. The hogs were fed chopped corn and garbage.",
    ),
    (
        "en-us+m5",
        "Four hours of steady work faced us. A large size in stockings is hard to sell. "
        "The boy was there when the sun rose. A rod is used to catch pink salmon.",
    ),
]

# PyPI `wrtc` 0.1.0 (libwebrtc M152): mean of 3 clips and 3 seeds, see the page's text.
PEER = "libwebrtc M152"
PEER_SCORES = {
    (0, 0): 3.15,
    (0, 40): 3.14,
    (1, 0): 3.14,
    (1, 40): 2.74,
    (5, 0): 2.53,
    (5, 40): 2.58,
    (10, 0): 2.16,
    (10, 40): 2.25,
    (20, 0): 1.70,
    (20, 40): 1.54,
}


def read(path):
    with wave.open(str(path)) as wav:
        if (wav.getnchannels(), wav.getsampwidth()) != (1, 2):
            sys.exit(f"{path}: give clips of one channel and 16 bits")
        return wav.getframerate(), np.frombuffer(wav.readframes(wav.getnframes()), "<i2")


def write(path, samples, rate):
    with wave.open(str(path), "wb") as wav:
        wav.setnchannels(1)
        wav.setsampwidth(2)
        wav.setframerate(rate)
        wav.writeframes(np.clip(np.round(samples), -32768, 32767).astype("<i2").tobytes())


def resample(samples, old, new):
    """By the spectrum of the whole clip."""
    spectrum = np.fft.rfft(samples)
    count = len(samples) * new // old
    resized = np.zeros(count // 2 + 1, complex)
    used = min(len(spectrum), len(resized))
    resized[:used] = spectrum[:used]
    return np.fft.irfft(resized, count) * new / old


def spoken(voice, text):
    raw = FOLDER / "raw.wav"
    subprocess.run(["espeak-ng", "-v", voice, "-s", "160", "-w", raw, text], check=True)
    rate, samples = read(raw)
    raw.unlink()
    length = SECONDS * rate
    samples = np.concatenate([np.zeros(rate // 4), samples, np.zeros(length)])[:length]
    fade = rate // 20
    samples[-fade:] *= np.linspace(1, 0, fade)
    # About -22 dBFS while there is speech.
    return resample(samples * 2_500 / np.sqrt(np.mean(samples[np.abs(samples) > 100] ** 2)), rate, RATE)


def prepare(paths):
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    if not paths and not shutil.which("espeak-ng"):
        sys.exit("espeak-ng is missing: install it, or give at least three clips")
    clips = [read(path) for path in paths] or [(RATE, spoken(*spec)) for spec in SENTENCES]
    for number, (rate, samples) in enumerate(clips):
        if rate != RATE:
            sys.exit(f"{paths[number]}: {rate} Hz; give clips of {RATE} Hz")
        write(FOLDER / f"{number}.wav", samples, RATE)
        write(FOLDER / f"{number}.reference.wav", resample(samples, RATE, 16_000), 16_000)


def score(path):
    """(loss, jitter, PESQ-WB, how much longer in ms than what was sent)"""
    clip, loss, jitter, _seed = path.name.removesuffix(".heard.wav").split("_")
    _, reference = read(FOLDER / f"{clip}.reference.wav")
    rate, heard = read(path)
    # The rig plays 300 ms more than the clip.
    longer = (len(heard) - len(reference)) * 1000 / rate - 300
    return int(loss), int(jitter), pesq(rate, reference, heard, "wb"), longer


def plot(cells):
    """An SVG of the means over the loss, one line for each side and jitter."""
    left, top, width, height = 60, 20, 520, 300

    def at(loss, value):
        return left + width * loss / 20, top + height * (4.5 - value) / 3.5

    def line(scores, jitter, colour, dash):
        points = [at(loss, scores[loss, jitter]) for loss in LOSSES if (loss, jitter) in scores]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        return f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2" {dash}/>'

    parts = [
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 620 400" font-family="sans-serif" font-size="13">',
        '<rect width="620" height="400" fill="white"/>',
    ]
    for value in range(1, 5):
        _, y = at(0, value)
        parts.append(f'<line x1="{left}" x2="{left + width}" y1="{y:.1f}" y2="{y:.1f}" stroke="#ddd"/>')
        parts.append(f'<text x="{left - 20}" y="{y + 4:.1f}">{value}</text>')
    for loss in LOSSES:
        x, _ = at(loss, 1)
        parts.append(f'<text x="{x - 8:.1f}" y="{top + height + 20}">{loss} %</text>')
    legend = [("signalwire-client", cells, "#0b57d0"), (PEER, PEER_SCORES, "#b3541e")]
    x = left
    for name, scores, colour in legend:
        for jitter, dash in zip(JITTERS, ["", 'stroke-dasharray="6 4"'], strict=True):
            parts.append(line(scores, jitter, colour, dash))
        parts.append(f'<rect x="{x}" y="365" width="14" height="4" fill="{colour}"/>')
        parts.append(f'<text x="{x + 20}" y="371">{name}</text>')
        x += 170
    parts.append(f'<text x="{x}" y="371">dashed: 40 ms of jitter</text></svg>')
    return "\n".join(parts) + "\n"


def page(cells, lowest, longer):
    versions = f"pesq {version('pesq')}, Python {platform.python_version()}"
    lines = [
        "# Voice over bad networks",
        "",
        "`make bench-quality` measures this and writes this page.",
        "",
        "![PESQ-WB over loss](voice_quality.svg)",
        "",
        f"PESQ-WB (ITU-T P.862.2), mean of all clips and 3 seeds, the lowest in brackets. {date.today()}, "
        f"{os.cpu_count()} cores, {platform.machine()}, {versions}.",
        "",
        f"| loss | jitter | this library | {PEER} |",
        "|---|---|---|---|",
    ]
    for loss in LOSSES:
        for jitter in JITTERS:
            peer = PEER_SCORES[loss, jitter]
            lines.append(
                f"| {loss} % | {jitter} ms | {cells[loss, jitter]:.2f} ({lowest[loss, jitter]:.2f}) "
                f"| {peer:.2f} |"
            )
    lines += [
        "",
        f"The length of what is heard differs from that of what was said by {min(longer):.0f} to {max(longer):.0f} ms: "
        "nothing is played before the first packet comes. After it there is a frame for every 20 ms.",
        "",
        (ROOT / "benches" / "voice_quality.md").read_text(),
    ]
    return "\n".join(lines).rstrip() + "\n"


def main():
    prepare([Path(path) for path in sys.argv[1:]])
    command = "cargo test --all-features --lib voice_quality -- --ignored --nocapture".split()
    environment = {**os.environ, "SW_VOICE_QUALITY": str(FOLDER)}
    subprocess.run(command, check=True, cwd=ROOT, env=environment)
    with Pool() as pool:
        scores = pool.map(score, sorted(FOLDER.glob("*.heard.wav")))
    values = defaultdict(list)
    for loss, jitter, value, _ in scores:
        values[loss, jitter].append(value)
    cells = {cell: float(np.mean(of_cell)) for cell, of_cell in values.items()}
    lowest = {cell: min(of_cell) for cell, of_cell in values.items()}
    text = page(cells, lowest, [longer for *_, longer in scores])
    (ROOT / "docs" / "voice_quality.md").write_text(text)
    (ROOT / "docs" / "voice_quality.svg").write_text(plot(cells))
    print(text)


if __name__ == "__main__":
    main()
