"""`forbear allocate`: the best action for each borrower under shared capacity."""
from pathlib import Path
import typer
def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("allocate")(allocate)
def allocate(values: Path = typer.Option(...), capacities: Path = typer.Option(...), out: Path = typer.Option(...), certificate: Path = typer.Option(None), key: str="forbear") -> None:
    """x"""
    from forbear.treatment.allocate import allocate as a
    r = a(values, capacities, out, certificate_path=certificate, key=key)
    from forbear.basics.console import print_json
    print_json(r.certificate.told)
