import durations


def test_a_single_unit():
    assert durations.parse("45s") == 45


def test_units_add_up():
    assert durations.parse("1h30m") == 5400


def test_rendering_is_the_inverse_of_parsing():
    for seconds in (0, 59, 61, 3600, 90_061):
        assert durations.parse(durations.render(seconds)) == seconds
