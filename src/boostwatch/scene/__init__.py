"""The scene generator: scenarios, and the frames and truth that they make.

Import from the modules: `boostwatch.scene.scenario`, `boostwatch.scene.render`, `boostwatch.scene.library`.
"""
