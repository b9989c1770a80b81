"""A recipe is plain data: it comes back from its text as it was, and says no to what it does not know."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from headshot_core.recipe import Backdrop, Frame, Grade, Light, Recipe

recipes = st.builds(
    Recipe,
    frame=st.builds(Frame, name=st.sampled_from(["portrait", "id"]), zoom=st.floats(0.5, 2)),
    backdrop=st.builds(Backdrop, kind=st.just("paper"), colour=st.none() | st.just("#a0b1c2")),
    light=st.builds(Light, azimuth=st.none() | st.floats(-180, 180), strength=st.floats(0, 1)),
    grade=st.builds(Grade, exposure=st.floats(-2, 2)),
    seed=st.integers(0, 2**31 - 1),
)


@given(recipes)
def test_text_and_back(recipe):
    assert Recipe.model_validate_json(recipe.to_json()) == recipe


@given(recipes)
def test_equal_recipes_give_equal_text(recipe):
    shuffled = dict(reversed(json.loads(recipe.to_json()).items()))
    assert Recipe.model_validate(shuffled).to_json() == recipe.to_json()


@pytest.mark.parametrize(
    "wrong",
    [
        {"lihgt": {}},
        {"light": {"azimuth": 200}},
        {"backdrop": {"colour": "red"}},
        {"frame": {"width": 10}},
        {"seed": -1},
        {"version": 2},
    ],
)
def test_a_typing_error_is_found(wrong):
    with pytest.raises(ValidationError):
        Recipe.model_validate(wrong)
