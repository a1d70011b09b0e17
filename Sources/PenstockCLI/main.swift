import Intake
import PenstockCommands

await PenstockCommand.main(demo: IntakeDemonstration())
