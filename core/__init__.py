"""The business of Usher: rules, entities and use cases. It knows no door, no protocol and no asyncio."""
