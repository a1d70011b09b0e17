import Intake
import PenstockCommands
import Text

await PenstockCommand.main(demo: IntakeDemonstration(), groups: [try TextGroup.make()])
