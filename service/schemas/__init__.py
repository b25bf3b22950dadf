"""The JSON that goes over HTTP, as pydantic models; only the routes know them."""
