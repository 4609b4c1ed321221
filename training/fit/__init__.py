"""Fits of the models of a bundle: conversion with its calibration, amount, and time to a win."""
