"""Pictures of lifecycles and campaigns, as SVG and as Mermaid text; where customers went between two instants."""

from rulecrm.draw.bars import to_bars
from rulecrm.draw.diagram import Arrow, Box, Diagram, Inlet, of_campaign, of_lifecycle
from rulecrm.draw.flow import Flow, flow_of
from rulecrm.draw.mermaid import to_mermaid
from rulecrm.draw.sankey import Look, to_sankey
from rulecrm.draw.svg import to_svg

__all__ = [
    "Arrow", "Box", "Diagram", "Flow", "Inlet", "Look", "flow_of", "of_campaign", "of_lifecycle", "to_bars",
    "to_mermaid", "to_sankey", "to_svg",
]  # fmt: skip
