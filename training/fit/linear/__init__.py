"""The linear start of additive models: regressors of feature columns, logistic and ridge regression."""
