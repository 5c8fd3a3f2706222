"""The fields of a form, read as a model has them."""

from typing import TypeVar

from pydantic import BaseModel, ValidationError
from starlette.datastructures import FormData

from report_api.web.problem_sentences import NOT_FILLED_IN
from report_api.web.problems import Problem

Model = TypeVar("Model", bound=BaseModel)


def read_form(model: type[Model], form: FormData) -> Model:
    """Return the fields of a form.

    Raises:
        Problem: 422, no page of ours has sent these.
    """
    try:
        return model.model_validate(dict(form))
    except ValidationError:
        raise Problem(422, "validation_failed", NOT_FILLED_IN) from None
