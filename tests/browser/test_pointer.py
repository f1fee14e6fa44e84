"""Does the grid under the pointer agree with the library that the service reads grids with?"""

import mgrs
import numpy as np

from tests.browser.conftest import Opener

READ = """async (points) => {
  const { formatMgrs, formatDegreesMinutes } = await import("/static/js/mgrs.js");
  return points.map(([lon, lat]) => [formatMgrs(lon, lat, 4), formatDegreesMinutes(lon, lat)]);
}"""


def test_grid_references_in_the_browser_agree_with_the_library(visit: Opener) -> None:
    page = visit(None).go("/login")
    random = np.random.default_rng(7)
    points = np.column_stack((random.uniform(-180, 180, 400), random.uniform(-79.9, 83.9, 400))).tolist()
    points += [[5.9, 60.0], [2.9, 60.0], [10.0, 78.0], [179.999, 0.0001], [-180.0, -0.0001], [30.0105, 5.0004]]
    library = mgrs.MGRS()
    for (lon, lat), (grid, degrees) in zip(points, page.evaluate(READ, points), strict=True):
        expected = library.toMGRS(lat, lon, MGRSPrecision=4)
        # Both cut digits off; a tenth of a millimetre decides on the line between two.
        ours = grid.replace(" ", "").lstrip("0")
        assert ours[:-8] == expected.lstrip("0")[:-8]
        for half in (slice(-8, -4), slice(-4, None)):
            assert abs(int(ours[half]) - int(expected[half])) <= 1
        assert degrees.endswith(("E", "W"))
        assert ("N" in degrees) == (lat >= 0) or abs(lat) < 0.001
