"""Training: learns bundles from histories, evaluates, registers and promotes them.

    rows <- fit <- evaluation <- train, promotion, pipeline ... <- backtest
    audit, registry: imported by the files of this level; registry alone loads MLflow

`train.train` is a pure function of a history; `pipeline.train_and_register` is what the command and the Python API
call. Only training/rows/labels.py looks past as_of.
"""
