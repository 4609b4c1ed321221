"""The page of the API reference, made of the OpenAPI document."""

from starlette.requests import Request
from starlette.responses import Response

from serving.http.router import Routes
from serving.pages.rendering import render

routes = Routes()


@routes.get("/docs")
async def get_docs_page(request: Request) -> Response:
    """All operations with their parameters, and all records."""
    document = request.app.state.openapi
    operations = [
        (path, method, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]
    return render("docs.html", request, api=document, operations=operations)
