"""Pictures of validation images reach the page as PNG files with the recorded pixels."""

import base64
import io

import numpy as np
import pytest
from PIL import Image

from deeptracker.dashboard.data.thumbnails import data_url


@pytest.mark.parametrize(("channels", "mode"), [(1, "L"), (3, "RGB"), (4, "RGBA")])
def test_a_page_gets_the_very_pixels_that_were_recorded(channels, mode):
    pixels = np.random.default_rng(7).integers(0, 256, (5, 9, channels), np.uint8)
    kind, content = data_url(pixels).split(";base64,")
    assert kind == "data:image/png"
    picture = Image.open(io.BytesIO(base64.b64decode(content)))
    assert picture.mode == mode
    np.testing.assert_array_equal(np.asarray(picture).reshape(pixels.shape), pixels)
